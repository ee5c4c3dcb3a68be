"""Reads the tensors of a PyTorch file without PyTorch and without trusting it.

A file holds a state dict or a pickled whole module, in one of two formats (torch.serialization):
the zip of version 1.6 and later (`NAME/data.pkl`, and each storage stored as `NAME/data/KEY`), or
the legacy one: five pickles one after the other (magic number, protocol, system facts, the
object, the list of storage keys), then for each key an int64 count and the raw little-endian
numbers. The pickles are read as data (training/backbones/inert_pickle.py).
"""

import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from training.backbones.inert_pickle import Made, Name, read_pickle

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_PROTOCOL: Final = 1001
#: Of a file, of what comes out of it, and of the pickle in a zip: four times the largest backbone.
MOST_BYTES: Final = 512 * 2**20
_MOST_PICKLE: Final = 64 * 2**20
#: Tensors of one file, and modules within modules.
_MOST_NAMES: Final = 20_000
_DEEPEST: Final = 64
_KINDS: Final = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}
#: What a damaged zip makes zipfile raise; RuntimeError is an encrypted member's.
_DAMAGED: Final = (ValueError, zipfile.BadZipFile, EOFError, struct.error, RuntimeError)
_ORDERED: Final = Name("collections", "OrderedDict")
_REBUILT: Final = {
    Name("torch._utils", "_rebuild_tensor"),
    Name("torch._utils", "_rebuild_tensor_v2"),
}
_PARAMETERS: Final = {
    Name("torch._utils", "_rebuild_parameter"),
    Name("torch._utils", "_rebuild_parameter_with_state"),
}


@dataclass(frozen=True)
class TorchFile:
    """tensors: by name, as a state dict has them, in the file's order, C-contiguous.

    attributes: what else the outermost module carries, if it was pickled whole: numbers, texts
    and lists of them as they are, tensors as arrays; anything else is left out.
    """

    tensors: dict[str, NDArray[Any]]
    attributes: dict[str, object]


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: np.dtype[Any]


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Return the file's tensors by name. Raises ValueError as `read_torch`."""
    return read_torch(path).tensors


def read_torch(path: Path) -> TorchFile:
    """Return the tensors of a state dict or of a whole module.

    Raises ValueError, which names the file, for a file that is neither, is cut off, is larger than
    MOST_BYTES or would be once read; OSError where it cannot be opened.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"wanted at most {MOST_BYTES:,} bytes, came {path.stat().st_size:,}")
        with path.open("rb") as file:
            if file.read(4) == b"PK\3\4":
                return _read_zip(file)
            file.seek(0)
            return _read_legacy(file)
    except _DAMAGED as error:
        raise ValueError(f"{error}: {path.name}") from None


def _read_legacy(file: BinaryIO) -> TorchFile:
    try:
        known = read_pickle(file) == _MAGIC and read_pickle(file) == _PROTOCOL
    except ValueError:
        known = False
    if not known:
        raise ValueError("wanted a zip or legacy PyTorch file, came something else")
    facts = _entries(read_pickle(file))
    if facts.get("little_endian") is not True:
        raise ValueError("wanted little-endian numbers, came others")
    kinds: dict[str, np.dtype[Any]] = {}
    root = read_pickle(file, _by_id(kinds))
    keys = read_pickle(file)
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(kinds):
        raise ValueError(f"wanted the keys of {len(kinds)} storages, came others")
    storages: dict[str, NDArray[Any]] = {}
    for key in map(str, keys):
        count = int.from_bytes(file.read(8), "little")
        wanted = count * kinds[key].itemsize
        # No more than a whole file is asked for, whatever the count says.
        raw = file.read(min(wanted, MOST_BYTES))
        if len(raw) != wanted:
            raise ValueError(f"wanted {count} numbers in storage {key[:80]}, came fewer: cut off")
        storages[key] = np.frombuffer(raw, kinds[key])
    return _Tensors(storages).of(root)


def _read_zip(file: BinaryIO) -> TorchFile:
    with zipfile.ZipFile(file) as archive:
        members = {info.filename: info for info in archive.infolist()}
        pickles = [name for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
        if len(pickles) != 1:
            raise ValueError("wanted a zip or legacy PyTorch file, came another zip")
        top = pickles[0].removesuffix("data.pkl")
        if f"{top}byteorder" in members:
            order = _member(archive, members[f"{top}byteorder"], 16)
            if order.strip() != b"little":
                raise ValueError("wanted little-endian numbers, came others")
        kinds: dict[str, np.dtype[Any]] = {}
        pickled = _member(archive, members[pickles[0]], _MOST_PICKLE)
        root = read_pickle(io.BytesIO(pickled), _by_id(kinds))
        storages: dict[str, NDArray[Any]] = {}
        left = MOST_BYTES
        for key, kind in kinds.items():
            info = members.get(f"{top}data/{key}")
            if info is None or info.file_size % kind.itemsize:
                raise ValueError(f"wanted the numbers of storage {key[:80]}, came none: cut off")
            raw = _member(archive, info, left)
            left -= len(raw)
            storages[key] = np.frombuffer(raw, kind)
    return _Tensors(storages).of(root)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """Return a member's bytes. PyTorch never compresses: what is compressed could be any size."""
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError("wanted stored bytes, came compressed ones")
    if info.file_size > most or info.file_size != info.compress_size:
        raise ValueError(f"wanted at most {most:,} bytes, came {info.file_size:,}")
    return archive.read(info)


def _by_id(kinds: dict[str, np.dtype[Any]]) -> Any:
    """Return what stands for a persistent id; storages are noted with their kind of numbers."""

    def found(pid: object) -> object:
        # The legacy format names a module's class with its source beside it.
        if isinstance(pid, tuple) and pid[:1] == ("module",) and len(pid) > 1:
            return pid[1]
        match pid:
            case ("storage", Name(name=name), str(key), *rest) if name in _KINDS:
                if len(rest) > 2 and rest[2] is not None:
                    raise ValueError("a view of a storage")
                kind = np.dtype(_KINDS[name])
                if kinds.setdefault(key, kind) != kind:
                    raise ValueError(f"two kinds of numbers in storage {key[:80]}")
                return _Storage(key, kind)
        raise ValueError("a persistent id that is no storage")

    return found


def _entries(value: object) -> dict[object, object]:
    """Return a dict, or an OrderedDict as either Python pickles it; nothing of anything else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, Made) and value.by == _ORDERED:
        match value.arguments:
            case (list(pairs),):
                first = {p[0]: p[1] for p in pairs if _is_pair(p)}
                return first | value.entries
        return value.entries
    return {}


def _is_pair(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], str)


class _Tensors:
    """Takes tensors out of what was pickled, no more bytes of them than MOST_BYTES."""

    def __init__(self, storages: dict[str, NDArray[Any]]) -> None:
        self._storages = storages
        self._left = MOST_BYTES

    def of(self, root: object) -> TorchFile:
        """Return the tensors of a state dict or a module."""
        whole = _module(root)
        if whole is not None:
            named = dict(self._within(whole, "", 0))
            plain = {key: self._plain(value) for key, value in whole.items()}
            buffers = _entries(whole.get("_buffers"))
            plain |= {key: self._plain(value) for key, value in buffers.items()}
            found = {str(key): value for key, value in plain.items() if value is not None}
            return TorchFile(named, found)
        if not isinstance(root, dict) and not (isinstance(root, Made) and root.by == _ORDERED):
            raise ValueError(f"wanted tensors by name or a module, came {_told(root)}")
        tensors = {}
        for name, value in _entries(root).items():
            tensor = self._tensor(value)
            if tensor is None or not isinstance(name, str):
                raise ValueError(f"wanted tensors only, came {_told(value)}")
            tensors[name] = tensor
        return TorchFile(tensors, {})

    def _within(
        self, module: dict[object, object], prefix: str, depth: int
    ) -> Iterator[tuple[str, NDArray[Any]]]:
        """Give a module's tensors and those of the modules in it, named as a state dict does."""
        if depth > _DEEPEST:
            raise ValueError(f"wanted modules {_DEEPEST} deep at most, came deeper ones")
        for group in ("_parameters", "_buffers"):
            for name, value in _entries(module.get(group)).items():
                self._count()
                tensor = self._tensor(value)
                if tensor is not None:
                    yield f"{prefix}{name}", tensor
                elif value is not None:
                    raise ValueError(f"wanted a tensor, {prefix}{name} is {_told(value)}")
        for name, value in _entries(module.get("_modules")).items():
            self._count()
            inner = _module(value)
            if inner is not None:
                yield from self._within(inner, f"{prefix}{name}.", depth + 1)

    _names = 0

    def _count(self) -> None:
        """Stop at modules that hold one another so often that they never end."""
        self._names += 1
        if self._names > _MOST_NAMES:
            raise ValueError(f"wanted at most {_MOST_NAMES:,} tensors, came more")

    def _plain(self, value: object) -> object:
        if isinstance(value, str | int | float):
            return value
        if isinstance(value, list | tuple) and all(
            isinstance(each, str | int | float) for each in value
        ):
            return list(value)
        return self._tensor(value)

    def _tensor(self, value: object) -> NDArray[Any] | None:
        """Return a tensor, or None for anything else."""
        if isinstance(value, Made) and value.by in _PARAMETERS:
            match value.arguments:
                case (Made() as inner, *_):
                    value = inner
        if not (isinstance(value, Made) and value.by in _REBUILT):
            return None
        match value.arguments:
            case (_Storage() as storage, int(offset), shape, strides, *_):
                return self._view(storage, offset, _whole(shape), _whole(strides))
        raise ValueError("wanted a tensor in a storage, came one without")

    def _view(
        self, at: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> NDArray[Any]:
        """Return the tensor's numbers, copied out; refuses one that reaches past its storage."""
        storage = self._storages[at.key]
        if len(shape) != len(strides) or len(shape) > 16 or min((*shape, *strides, offset, 0)) < 0:
            raise ValueError("wanted a tensor's shape and strides, came others")
        if 0 in shape:
            return np.zeros(shape, at.kind)
        last = offset + sum(
            (size - 1) * stride for size, stride in zip(shape, strides, strict=True)
        )
        numbers = 1
        for size in shape:
            numbers *= size
        if last >= len(storage) or numbers > len(storage):
            raise ValueError(
                f"wanted a tensor inside its storage of {len(storage)}, came {numbers} numbers"
                f" up to {last}"
            )
        self._left -= numbers * storage.itemsize
        if self._left < 0:
            raise ValueError(f"wanted tensors of {MOST_BYTES:,} bytes at most, came more")
        steps = tuple(stride * storage.itemsize for stride in strides)
        start = storage[offset:]
        return np.lib.stride_tricks.as_strided(start, shape, steps, writeable=False).copy()


def _module(value: object) -> dict[object, object] | None:
    """Return a pickled module's state, or None for anything else."""
    if not isinstance(value, Made):
        return None
    state = _entries(value.state)
    return state if {"_parameters", "_buffers", "_modules"} <= state.keys() else None


def _whole(value: object) -> tuple[int, ...]:
    """Return a shape or strides; raises ValueError for anything but whole numbers."""
    if isinstance(value, Made) and value.by == Name("torch", "Size"):
        match value.arguments:
            case (inner,):
                value = inner
    numbers = value if isinstance(value, list | tuple) else (None,)
    if not all(type(each) is int for each in numbers):
        raise ValueError("wanted a tensor's shape and strides, came others")
    return cast("tuple[int, ...]", tuple(numbers))


def _told(value: object) -> str:
    return str(value) if isinstance(value, Made | Name) else type(value).__name__
