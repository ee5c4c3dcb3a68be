"""Reads a PyTorch state dict of the legacy format without PyTorch and without trusting it.

A pickle can run any code it names. This reader lets it name four things, all harmless (an ordered
dict, the rebuilding of a tensor, the two storage kinds in use); anything else stops it.

The format, as `torch.save` wrote it until version 1.5 (torch/serialization.py, `_legacy_save`):
five pickles one after the other (magic number, protocol, system facts, the object, the list of
storage keys), then for each key an int64 count and the raw little-endian numbers.
"""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_PROTOCOL: Final = 1001
_STORAGES: Final = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Tensor(NamedTuple):
    """Where a tensor lies in its storage; offset and strides count numbers, not bytes."""

    key: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Return the file's tensors by name: float32 or int64, in the file's order, C-contiguous.

    Raises ValueError, which names the file, for anything but the legacy format, and
    pickle.UnpicklingError for a pickle that asks for more than tensors.
    """
    with path.open("rb") as file:
        if _read_pickle(file) != _MAGIC or _read_pickle(file) != _PROTOCOL:
            raise ValueError(f"wanted a legacy PyTorch file, came something else: {path.name}")
        facts = _read_pickle(file)
        if facts.get("little_endian") is not True:
            raise ValueError(f"wanted little-endian numbers, came {facts}: {path.name}")
        kinds: dict[str, np.dtype[Any]] = {}
        tensors: dict[str, _Tensor] = _read_pickle(file, kinds)
        storages: dict[str, NDArray[Any]] = {}
        for key in _read_pickle(file):
            count = int.from_bytes(file.read(8), "little")
            kind = kinds[key]
            raw = file.read(count * kind.itemsize)
            if len(raw) != count * kind.itemsize:
                raise ValueError(f"wanted {count} numbers in storage {key}, came fewer: cut off")
            storages[key] = np.frombuffer(raw, kind)
    return {name: _view(tensor, storages[tensor.key]) for name, tensor in tensors.items()}


def _view(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    """Return the tensor's numbers, copied out; refuses one that reaches past its storage."""
    steps = zip(tensor.shape, tensor.strides, strict=True)
    last = tensor.offset + sum((size - 1) * stride for size, stride in steps)
    if tensor.offset < 0 or min((*tensor.strides, 0)) < 0 or last >= len(storage):
        raise ValueError(f"wanted a tensor inside its storage of {len(storage)}, came {tensor}")
    strides = tuple(stride * storage.itemsize for stride in tensor.strides)
    start = storage[tensor.offset :]
    return np.lib.stride_tricks.as_strided(start, tensor.shape, strides, writeable=False).copy()


def _read_pickle(file: BinaryIO, kinds: dict[str, np.dtype[Any]] | None = None) -> Any:
    return _Restricted(file, {} if kinds is None else kinds).load()


class _Restricted(pickle.Unpickler):
    def __init__(self, file: BinaryIO, kinds: dict[str, np.dtype[Any]]) -> None:
        super().__init__(file)
        self._kinds = kinds

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"wanted tensors only, came {module}.{name}")

    def persistent_load(self, pid: Any) -> str:
        """Return the storage's key, and note what kind of numbers it holds."""
        _, kind, key, *_ = pid
        self._kinds[key] = kind
        return str(key)


def _rebuilt(
    key: str,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    _requires_grad: object,
    _backward_hooks: object,
    _metadata: object = None,
) -> _Tensor:
    return _Tensor(key, offset, shape, strides)
