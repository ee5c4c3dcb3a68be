"""What every test folder shares."""

from tests.services import module_settings, stack, whole_stack

__all__ = ["module_settings", "stack", "whole_stack"]
#: In CI, a skipped test that shows a done requirement fails the run.
pytest_plugins = ["tests.done_rows"]
