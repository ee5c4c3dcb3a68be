"""What every test folder shares."""

from tests.services import module_settings, stack, whole_stack

__all__ = ["module_settings", "stack", "whole_stack"]
