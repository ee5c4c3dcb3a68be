"""What every test folder shares."""

import pytest

from tests.services import module_settings, stack, whole_stack

__all__ = ["module_settings", "stack", "whole_stack"]
#: In CI, a skipped test that shows a done requirement fails the run.
pytest_plugins = ["tests.done_rows"]

#: Tests of one group run in one process: all that need the stack, of which there is one a run, and
#: all that need TensorFlow, of which two at once would be too much for a small machine.
_GROUPS = {"services": "services", "browser": "services", "training": "training"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell pytest-xdist which tests belong together; the others go where there is room.

    First of all such hooks: pytest-xdist's own, which reads the groups, is of no stated order.
    """
    for item in items:
        groups = sorted({_GROUPS.get(mark.name, "") for mark in item.iter_markers()} - {""})
        if groups:
            item.add_marker(pytest.mark.xdist_group(groups[0]))
