"""Files as PyTorch writes them, made by hand: a whole module in the zip or the legacy format."""

import io
import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
FACTS = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
_STORAGES = {"<f4": "FloatStorage", "<i8": "LongStorage"}
_CLASSES = {
    "torchxrayvision.models": ("DenseNet", "_DenseBlock", "_DenseLayer", "_Transition"),
    "torch.nn.modules.container": ("Sequential",),
    "torch.nn.modules.conv": ("Conv2d",),
    "torch.nn.modules.batchnorm": ("BatchNorm2d",),
    "torch.nn.modules.activation": ("ReLU",),
    "torch.nn.modules.linear": ("Linear",),
    "torch": tuple(_STORAGES.values()),
}


@contextmanager
def torch_names() -> Iterator[None]:
    """Let a pickle carry the names that PyTorch's would; nothing stands behind them."""
    utils = ModuleType("torch._utils")
    for name in ("_rebuild_tensor_v2", "_rebuild_parameter"):

        def rebuild(*_: Any) -> None: ...

        rebuild.__module__, rebuild.__qualname__ = "torch._utils", name
        setattr(utils, name, rebuild)
    parents = ("torch", "torch.nn", "torch.nn.modules", "torchxrayvision")
    made = {name: ModuleType(name) for name in (*parents, *_CLASSES)} | {"torch._utils": utils}
    for module, names in _CLASSES.items():
        for name in names:
            setattr(made[module], name, type(name, (), {"__module__": module}))
    before = {name: sys.modules.get(name) for name in made}
    sys.modules.update(made)
    try:
        yield
    finally:
        for name, module_before in before.items():
            if module_before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module_before


class _Reduced:
    def __init__(self, by: str, *arguments: Any) -> None:
        self.by, self.arguments = by, arguments

    def __reduce__(self) -> Any:
        return getattr(sys.modules["torch._utils"], self.by), self.arguments


class _Storage:
    def __init__(self, key: str, numbers: NDArray[Any]) -> None:
        kind = getattr(sys.modules["torch"], _STORAGES[numbers.dtype.str])
        self.id = ("storage", kind, key, "cpu", numbers.size)


class _Pickler(pickle.Pickler):
    """legacy: a module's class comes with its source, as PyTorch kept it until version 1.5."""

    legacy = False

    def __init__(self, file: Any, **how: Any) -> None:
        super().__init__(file, **how)
        self._told: set[type] = set()

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            return (*obj.id, None) if self.legacy else obj.id
        ours = isinstance(obj, type) and obj.__module__.startswith("torchxrayvision")
        if self.legacy and ours and obj not in self._told:
            self._told.add(obj)
            return ("module", obj, "models.py", "import os; os.abort()")
        return None


class _Writer:
    """Turns arrays into what stands for them in a pickle, and keeps their numbers."""

    def __init__(self) -> None:
        self.storages: dict[str, NDArray[Any]] = {}

    def tensor(self, array: NDArray[Any]) -> Any:
        key = str(len(self.storages))
        self.storages[key] = np.array(array, order="C")
        strides = tuple(stride // array.itemsize for stride in self.storages[key].strides)
        storage = _Storage(key, array)
        return _Reduced(
            "_rebuild_tensor_v2", storage, 0, array.shape, strides, False, OrderedDict()
        )

    def parameter(self, array: NDArray[Any]) -> Any:
        return _Reduced("_rebuild_parameter", self.tensor(array), True, OrderedDict())

    def module(self, kind: str, tree: Mapping[str, Any], **attributes: Any) -> Any:
        """tree: modules by name as further trees, tensors by name as arrays."""
        arrays = {name: part for name, part in tree.items() if isinstance(part, np.ndarray)}
        buffers = ("running_mean", "running_var", "num_batches_tracked", "op_threshs")
        parts = {name: part for name, part in tree.items() if name not in arrays}
        made = _class(kind)()
        made.__dict__.update(
            training=False,
            _parameters=OrderedDict(
                {
                    name: self.parameter(each)
                    for name, each in arrays.items()
                    if name not in buffers
                }
            ),
            _buffers=OrderedDict(
                {name: self.tensor(each) for name, each in arrays.items() if name in buffers}
            ),
            _non_persistent_buffers_set=set(),
            _backward_hooks=OrderedDict(),
            _modules=OrderedDict(
                {name: self.module(_kind(name), part) for name, part in parts.items()}
            ),
            **attributes,
        )
        if kind in {"Conv2d", "Linear"}:
            made.__dict__["_parameters"].setdefault("bias", None)
        return made


def whole_module(
    path: Path, tensors: Mapping[str, NDArray[Any]], *, legacy: bool, **attributes: Any
) -> Path:
    """Write the publisher's kind of file: a DenseNet pickled whole. tensors: as a state dict's."""
    tree: dict[str, Any] = {}
    for name, array in tensors.items():
        *parents, last = name.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = array
    with torch_names():
        writer = _Writer()
        root = writer.module("DenseNet", tree, **attributes)
        path.write_bytes(_legacy(root, writer) if legacy else _zipped(root, writer))
    return path


def _legacy(root: Any, writer: _Writer) -> bytes:
    file = io.BytesIO()
    for part in (MAGIC, 1001, FACTS, root, sorted(writer.storages)):
        pickler = _Pickler(file, protocol=2)
        pickler.legacy = True
        pickler.dump(part)
    for key in sorted(writer.storages):
        numbers = writer.storages[key]
        file.write(numbers.size.to_bytes(8, "little") + numbers.tobytes())
    return file.getvalue()


def _zipped(root: Any, writer: _Writer) -> bytes:
    pickled = io.BytesIO()
    _Pickler(pickled, protocol=2).dump(root)
    return zip_of(pickled.getvalue(), {k: v.tobytes() for k, v in writer.storages.items()})


def zip_of(pickled: bytes, storages: Mapping[str, bytes], *, compressed: bool = False) -> bytes:
    """Return the zip format around a pickle and its storages' bytes."""
    how = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/byteorder", "little")
        for key, numbers in storages.items():
            archive.writestr(f"archive/data/{key}", numbers)
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def _class(kind: str) -> Any:
    home = next(module for module, names in _CLASSES.items() if kind in names)
    return getattr(sys.modules[home], kind)


def _kind(name: str) -> str:
    """Return the class that the publisher's network has at a place of this name."""
    kinds = {
        "conv": "Conv2d",
        "norm": "BatchNorm2d",
        "denseblock": "_DenseBlock",
        "denselayer": "_DenseLayer",
        "transition": "_Transition",
        "classifier": "Linear",
    }
    return kinds.get(name.rstrip("0123456789"), "Sequential")
