"""Reads a pickle as data: what it names is written down, never imported and never called.

A pickle is a program for a small stack machine (pickletools documents each instruction), and
Python's own reader runs what the program names. This one makes lists, dicts, tuples and numbers,
and a `Made` for every object: the name of what was to be called, with what. So there is nothing
that a hostile file could reach, whatever it names.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

#: More instructions than the largest network needs: a small file cannot keep a reader busy.
MOST_STEPS: Final = 5_000_000

_CONSTANTS: Final = frozenset(
    [
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "LONG4",
        "FLOAT",
        "BINFLOAT",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "UNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE",
        "BINUNICODE8",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
    ]
)
_WORDS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES: Final = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK: Final = object()


@dataclass(frozen=True)
class Name:
    """What a pickle calls a class or a function; nothing stands behind it."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"[:200]


@dataclass(eq=False, repr=False)
class Made:
    """An object that the pickle wanted made: by what, of what, and what it was then given."""

    by: object
    arguments: object
    state: object = None
    items: list[object] = field(default_factory=list)
    entries: dict[object, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.by) if isinstance(self.by, Name) else "an object"


def read_pickle(file: BinaryIO, persistent: Callable[[object], object] | None = None) -> object:
    """Return the next pickle in the file, which is left behind its last byte.

    persistent: what stands for a persistent id. Raises ValueError for what is no pickle, is cut
    off, or uses an instruction that no network's file needs.
    """
    machine = _Machine(persistent)
    try:
        for opcode, argument, _ in pickletools.genops(file):
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, UnicodeError, OverflowError) as error:
        raise ValueError(f"wanted a pickle, came something else: {str(error)[:200]}") from None
    raise ValueError("wanted a pickle, came one without its end")


class _Machine:
    """The stack, the memo, and one method that takes a step."""

    def __init__(self, persistent: Callable[[object], object] | None) -> None:
        self._persistent = persistent
        self._stack: list[Any] = []
        self._memo: dict[int, object] = {}
        self._steps = 0

    def pop(self) -> Any:
        """Take the topmost value. Raises ValueError where there is none."""
        if not self._stack or self._stack[-1] is _MARK:
            raise ValueError("an empty stack")
        return self._stack.pop()

    def step(self, name: str, argument: Any) -> None:
        """Follow one instruction; `name` and `argument` are pickletools'."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise ValueError(f"more than {MOST_STEPS:,} instructions")
        if name in _CONSTANTS:
            self._stack.append(argument)
        elif name in _WORDS:
            self._stack.append(_WORDS[name])
        elif name in _TUPLES:
            count = _TUPLES[name]
            self._stack.append(tuple(reversed([self.pop() for _ in range(count)])))
        elif name not in {"PROTO", "FRAME"}:
            step = _STEPS.get(name)
            if step is None:
                raise ValueError(f"the instruction {name}")
            step(self, argument)

    def mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def drop(self, _: Any) -> None:
        if not self._stack:
            raise ValueError("an empty stack")
        self._stack.pop()

    def drop_to_mark(self, _: Any) -> None:
        self._since_mark()

    def twice(self, _: Any) -> None:
        self._stack.append(self._top())

    def empty(self, kind: Callable[[], object]) -> None:
        self._stack.append(kind())

    def collected(self, kind: Callable[[list[Any]], object]) -> None:
        self._stack.append(kind(self._since_mark()))

    def append(self, _: Any) -> None:
        self._extend([self.pop()])

    def extend(self, _: Any) -> None:
        self._extend(self._since_mark())

    def set_one(self, _: Any) -> None:
        value, key = self.pop(), self.pop()
        self._set([key, value])

    def set_many(self, _: Any) -> None:
        self._set(self._since_mark())

    def put(self, place: Any) -> None:
        self._memo[len(self._memo) if place is None else int(place)] = self._top()

    def get(self, place: Any) -> None:
        self._stack.append(self._memo[int(place)])

    def named(self, words: Any) -> None:
        module, _, name = words.partition(" ")
        self._stack.append(Name(module, name))

    def named_on_stack(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise TypeError("a name that is no text")
        self._stack.append(Name(module, name))

    def called(self, _: Any) -> None:
        arguments, by = self.pop(), self.pop()
        self._stack.append(Made(by, arguments))

    def called_with_words(self, _: Any) -> None:
        words, arguments, by = self.pop(), self.pop(), self.pop()
        self._stack.append(Made(by, (arguments, words)))

    def instance(self, words: Any) -> None:
        module, _, name = words.partition(" ")
        self._stack.append(Made(Name(module, name), tuple(self._since_mark())))

    def instance_on_stack(self, _: Any) -> None:
        by, *arguments = self._since_mark()
        self._stack.append(Made(by, tuple(arguments)))

    def given_state(self, _: Any) -> None:
        state, made = self.pop(), self._top()
        if not isinstance(made, Made):
            raise TypeError(f"a state for {type(made).__name__}")
        made.state = state

    def by_id(self, _: Any) -> None:
        if self._persistent is None:
            raise ValueError("a persistent id")
        self._stack.append(self._persistent(self.pop()))

    def _top(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise ValueError("an empty stack")
        return self._stack[-1]

    def _since_mark(self) -> list[Any]:
        for place in range(len(self._stack) - 1, -1, -1):
            if self._stack[place] is _MARK:
                found = self._stack[place + 1 :]
                del self._stack[place:]
                return found
        raise ValueError("no mark")

    def _extend(self, values: list[Any]) -> None:
        target = self._top()
        if isinstance(target, Made):
            target.items.extend(values)
        elif isinstance(target, list):
            target.extend(values)
        else:
            raise TypeError(f"items for {type(target).__name__}")

    def _set(self, flat: list[Any]) -> None:
        target = self._top()
        entries = target.entries if isinstance(target, Made) else target
        if not isinstance(entries, dict):
            raise TypeError(f"entries for {type(target).__name__}")
        entries.update(_entries(flat))


def _entries(flat: list[Any]) -> dict[object, object]:
    """Return keys and values that come by turns. Only plain keys: a hash can be made to hurt."""
    keys, values = flat[::2], flat[1::2]
    for key in keys:
        if not isinstance(key, str | bytes | int | float | None):
            raise TypeError(f"a key of kind {type(key).__name__}")
    return dict(zip(keys, values, strict=True))


_STEPS: Final[dict[str, Callable[[_Machine, Any], None]]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.drop,
    "POP_MARK": _Machine.drop_to_mark,
    "DUP": _Machine.twice,
    "EMPTY_LIST": lambda machine, _: machine.empty(list),
    "EMPTY_TUPLE": lambda machine, _: machine.empty(tuple),
    "EMPTY_DICT": lambda machine, _: machine.empty(dict),
    # A set is a list here: its items need not be hashed.
    "EMPTY_SET": lambda machine, _: machine.empty(list),
    "LIST": lambda machine, _: machine.collected(list),
    "TUPLE": lambda machine, _: machine.collected(tuple),
    "DICT": lambda machine, _: machine.collected(_entries),
    "FROZENSET": lambda machine, _: machine.collected(list),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.extend,
    "ADDITEMS": _Machine.extend,
    "SETITEM": _Machine.set_one,
    "SETITEMS": _Machine.set_many,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "GLOBAL": _Machine.named,
    "STACK_GLOBAL": _Machine.named_on_stack,
    "REDUCE": _Machine.called,
    "NEWOBJ": _Machine.called,
    "NEWOBJ_EX": _Machine.called_with_words,
    "INST": _Machine.instance,
    "OBJ": _Machine.instance_on_stack,
    "BUILD": _Machine.given_state,
    "BINPERSID": _Machine.by_id,
}
