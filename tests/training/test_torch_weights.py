"""The reader of PyTorch's legacy files, without PyTorch."""

import io
import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from training.backbones.torch_weights import read_state_dict

MAGIC = 0x1950A86A20F9469CFC6C


class Storage:
    """What a persistent id stands for."""

    def __init__(self, kind: type, key: str, count: int) -> None:
        self.id = ("storage", kind, key, "cpu", count, None)


class LegacyPickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return obj.id if isinstance(obj, Storage) else None


class Tensor:
    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __reduce__(self) -> Any:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Names that a pickle made by PyTorch would carry; nothing behind them."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")

    def rebuild(*_: Any) -> None: ...

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch


def legacy_file(
    path: Path, state: Any, storages: dict[str, np.ndarray[Any, Any]], magic: int = MAGIC
) -> Path:
    file = io.BytesIO()
    facts = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    for part in (magic, 1001, facts, state, sorted(storages)):
        LegacyPickler(file, protocol=2).dump(part)
    for key in sorted(storages):
        file.write(len(storages[key]).to_bytes(8, "little") + storages[key].tobytes())
    path.write_bytes(file.getvalue())
    return path


def test_tensors_come_back_by_name_in_their_shape_whatever_their_strides(
    tmp_path: Path, torch: ModuleType
) -> None:
    numbers = np.arange(8, dtype="<f4")
    floats = Storage(torch.FloatStorage, "a", 8)
    counts = Storage(torch.LongStorage, "b", 1)
    state = OrderedDict(
        plain=Tensor(floats, 2, (2, 3), (3, 1), False, OrderedDict()),
        turned=Tensor(floats, 0, (2, 4), (1, 2), False, OrderedDict()),
        scalar=Tensor(counts, 0, (), (), False, OrderedDict()),
    )
    file = legacy_file(tmp_path / "w.pth", state, {"a": numbers, "b": np.array([7], "<i8")})

    came = read_state_dict(file)

    assert list(came) == ["plain", "turned", "scalar"]
    np.testing.assert_array_equal(came["plain"], numbers[2:].reshape(2, 3))
    np.testing.assert_array_equal(came["turned"], numbers.reshape(4, 2).T)
    assert came["scalar"] == 7
    assert came["plain"].flags.c_contiguous
    assert came["plain"].flags.writeable


def test_a_pickle_that_names_anything_else_is_stopped(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return print, ("this must never run",)

    file = legacy_file(tmp_path / "w.pth", OrderedDict(a=Evil()), {})
    with pytest.raises(ValueError, match=r"tensors only, came .*\.print"):
        read_state_dict(file)


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    file = legacy_file(tmp_path / "photo.pth", OrderedDict(), {}, magic=1)
    with pytest.raises(ValueError, match=r"legacy PyTorch file.*photo\.pth"):
        read_state_dict(file)


def test_a_file_cut_off_is_refused(tmp_path: Path, torch: ModuleType) -> None:
    state = OrderedDict(a=Tensor(Storage(torch.FloatStorage, "a", 4), 0, (4,), (1,), False, None))
    file = legacy_file(tmp_path / "w.pth", state, {"a": np.ones(4, "<f4")})
    file.write_bytes(file.read_bytes()[:-2])
    with pytest.raises(ValueError, match="wanted 4 numbers in storage a, came fewer"):
        read_state_dict(file)


def test_a_tensor_that_reaches_past_its_storage_is_refused(
    tmp_path: Path, torch: ModuleType
) -> None:
    storage = Storage(torch.FloatStorage, "a", 4)
    state = OrderedDict(a=Tensor(storage, 1, (4,), (1,), False, None))
    file = legacy_file(tmp_path / "w.pth", state, {"a": np.ones(4, "<f4")})
    with pytest.raises(ValueError, match="wanted a tensor inside its storage of 4"):
        read_state_dict(file)
