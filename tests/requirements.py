"""The rows of docs/requirements.md, and what they name."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
TABLES: Final = ROOT / "docs" / "requirements.md"
STATES: Final = frozenset({"open", "part", "done"})

_CELLS = re.compile(r"(?<!\\)\|")
_TEST = re.compile(r"`(tests/[\w/.-]+\.py::[\w:]+)`")
_FILE = re.compile(r"`((?!tests/)[\w.-]+(?:/[\w.-]+)*(?:\.\w+|/))`|\]\(([^)#]+)")
# A condition (skipif) may hold or not: tests/done_rows.py sees what really ran in CI.
_MARKS_THAT_HIDE = frozenset({"skip", "xfail"})


@dataclass(frozen=True)
class Row:
    """One requirement: its id, its words, what shows it, and its state."""

    id: str
    requirement: str
    shown_by: str
    state: str

    @property
    def tests(self) -> tuple[str, ...]:
        """Return the tests it names, as `tests/<file>.py::<name>`."""
        return tuple(_TEST.findall(self.shown_by))

    @property
    def files(self) -> tuple[str, ...]:
        """Return the documents it names, from the project's root."""
        return tuple(plain or linked for plain, linked in _FILE.findall(self.shown_by))


def read_rows(text: str) -> list[Row]:
    """Return every row of every table whose first cell looks like an id (R3-001)."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in _CELLS.split(line)]
        if len(cells) < 2 or not re.match(r"R\d", cells[1]):
            continue
        if len(cells) != 6:
            raise ValueError(f"wanted four cells, came {len(cells) - 2}: {line}")
        found.append(Row(*cells[1:5]))
    return found


def rows() -> list[Row]:
    """Return the project's requirements."""
    return read_rows(TABLES.read_text())


def fault_of(test: str, root: Path = ROOT) -> str | None:
    """Return why this test shows nothing: it is not there, or it is marked not to count."""
    path, _, name = test.partition("::")
    if not (root / path).is_file():
        return "there is no such file"
    body: list[ast.stmt] = _tree(root / path).body
    if _hidden(_module_marks(body)):
        return "its module is marked skip or xfail"
    for part in name.split("::"):
        node = _named(body, part)
        if node is None:
            return "there is no such test"
        if _hidden(node.decorator_list):
            return "it is marked skip or xfail"
        body = node.body
    if any(isinstance(node, ast.Expr) and _name(node.value) == "skip" for node in body):
        return "it skips itself"
    return None


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _named(body: list[ast.stmt], name: str) -> ast.FunctionDef | ast.ClassDef | None:
    """Return the test or the class of tests of this name."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node
    return None


def _name(node: ast.AST) -> str:
    """Return the last word of a dotted name: `skipif` of `pytest.mark.skipif(…)`."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _hidden(marks: list[ast.expr]) -> bool:
    return any(_name(mark) in _MARKS_THAT_HIDE for mark in marks)


def _module_marks(body: list[ast.stmt]) -> list[ast.expr]:
    for node in body:
        if isinstance(node, ast.Assign) and "pytestmark" in map(_name, node.targets):
            many = node.value
            return list(many.elts) if isinstance(many, ast.List | ast.Tuple) else [many]
    return []
