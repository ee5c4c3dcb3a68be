"""Pickles of strangers: nothing that they name is imported or called, and none is endless."""

import io
import os
import pickle
import pickletools
import struct
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.densenet_by_hand import random_tensors
from tests.training.torch_files import FACTS, MAGIC, whole_module, zip_of
from training.backbones import torch_weights
from training.backbones.inert_pickle import Made, Name, read_pickle
from training.backbones.torch_weights import read_state_dict, read_torch

TENSORS = {
    "features.conv0.weight": np.arange(98, dtype="<f4").reshape(2, 1, 7, 7),
    "features.norm0.running_mean": np.array([1, 2], "<f4"),
    "features.norm0.num_batches_tracked": np.array(5, "<i8"),
    "classifier.weight": np.ones((18, 2), "<f4"),
    "op_threshs": np.linspace(0.1, 0.9, 18).astype("<f4"),
}


class Calls:
    """Pickles as a call of something that would be felt."""

    def __init__(self, by: Any, *arguments: Any) -> None:
        self.by, self.arguments = by, arguments

    def __reduce__(self) -> Any:
        return self.by, self.arguments


@pytest.fixture
def felt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that every hostile pickle of these tests tries to make."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "felt"


def hostile() -> dict[str, bytes]:
    """Return pickles that run when Python reads them; all but the last ones make `felt`."""
    word = b"(S'touch felt'\n"
    return {
        "os.system": pickle.dumps(Calls(os.system, "touch felt"), 2),
        "builtins.exec": pickle.dumps(Calls(exec, "open('felt', 'w')"), 2),
        "a reduce within a reduce": b"cbuiltins\ngetattr\n(c__builtin__\n__import__\n"
        b"(S'os'\ntRS'system'\ntR" + word + b"tR.",
        "inst": word + b"ios\nsystem\n.",
        "obj": b"(cos\nsystem\nS'touch felt'\no.",
        "newobj": b"\x80\x02cos\nsystem\nS'touch felt'\n\x85\x81.",
        "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0atouch felt\x85R.",
        "a state that sets a state": b"cbuiltins\nobject\n)R(S'__setstate__'\ncos\nsystem\ndb"
        b"S'touch felt'\nb.",
        "a key that calls": b"}cos\nsystem\nS'touch felt'\n\x85RK\x01s.",
    }


@pytest.mark.parametrize("kind", sorted(hostile()))
@pytest.mark.parametrize("form", ["bare", "zip", "legacy"])
def test_nothing_that_a_pickle_names_is_called(kind: str, form: str, felt: Path) -> None:
    data = hostile()[kind]
    if form == "bare":
        with suppress(ValueError):
            read_pickle(io.BytesIO(data))
    else:
        file = felt.with_name("model.pt")
        file.write_bytes(zip_of(data, {}) if form == "zip" else legacy(data))
        with pytest.raises(ValueError, match=r"model\.pt$"):
            read_torch(file)
    assert not felt.exists()


def test_python_itself_would_have_called_it(felt: Path) -> None:
    pickle.loads(hostile()["os.system"])
    assert felt.exists()


def legacy(root: bytes) -> bytes:
    parts = [pickle.dumps(each, 2) for each in (MAGIC, 1001, FACTS)]
    return b"".join([*parts, root, pickle.dumps([], 2)])


def test_a_call_is_written_down_and_a_name_is_no_more_than_text() -> None:
    made = read_pickle(io.BytesIO(hostile()["inst"]))
    assert isinstance(made, Made)
    assert made.by == Name("os", "system")
    assert made.arguments == ("touch felt",)


def test_every_plain_value_comes_back_as_python_reads_it() -> None:
    plain = {
        "numbers": [0, 255, 65_535, -1, 2**70, 1.5, True, False, None],
        "texts": ("", "é", b"bytes", "x" * 300),
        "nested": {1: [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)]},
    }
    for protocol in range(1, 5):
        if protocol < 3:
            plain["texts"] = ("", "é", "x" * 300)
        data = pickle.dumps(plain, protocol)
        assert read_pickle(io.BytesIO(data)) == pickle.loads(data)


def test_an_ordered_dict_and_a_set_are_told() -> None:
    found = read_pickle(io.BytesIO(pickle.dumps(OrderedDict(a=1), 2)))
    assert isinstance(found, Made)
    assert found.entries == {"a": 1}
    assert read_pickle(io.BytesIO(pickle.dumps({7}, 4))) == [7]


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_a_pickle_cut_off_is_refused_in_one_line(cut: int) -> None:
    data = pickle.dumps({"a": [1, 2.5, "text", (3, None)], "b": {7}}, 4)[:-1][:cut]
    with pytest.raises(ValueError, match="wanted a pickle") as refused:
        read_pickle(io.BytesIO(data))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02]]\x86K\x01\x87}" + b"." * 3,
        b"0.",
        b"h\x05.",
        b"}](K\x01K\x02es.",
        b"]K\x01b.",
        b"Pwhat\n.",
        b"K\x01Q.",
        b"\x82\x01.",
        b"}](K\x01K\x02u.",
        b"\x8e" + struct.pack("<Q", 2**62) + b"few.",
        b"hello",
    ],
)
def test_what_is_no_pickle_of_a_network_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="wanted a pickle"):
        read_pickle(io.BytesIO(data))


def test_deep_nesting_neither_ends_the_process_nor_is_followed(tmp_path: Path) -> None:
    deep = b"]" * 30_000 + b"a" * 29_999 + b"."
    assert isinstance(read_pickle(io.BytesIO(deep)), list)
    key = b"}" + b")" + b"\x85" * 30_000 + b"K\x01s."
    with pytest.raises(ValueError, match="a key of kind tuple"):
        read_pickle(io.BytesIO(key))


def test_more_instructions_than_any_network_needs_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("training.backbones.inert_pickle.MOST_STEPS", 100)
    with pytest.raises(ValueError, match="more than 100 instructions"):
        read_pickle(io.BytesIO(b"N0" * 60 + b"N."))


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_a_whole_module_gives_its_tensors_and_plain_attributes(tmp_path: Path, form: str) -> None:
    names = ["Atelectasis", "", "Edema"]
    file = whole_module(
        tmp_path / "model.pt", TENSORS, legacy=form == "legacy", targets=names, other=object
    )
    came = read_torch(file)
    assert sorted(came.tensors) == sorted(TENSORS)
    for name, wanted in TENSORS.items():
        np.testing.assert_array_equal(came.tensors[name], wanted)
        assert came.tensors[name].dtype == wanted.dtype
        assert came.tensors[name].flags.c_contiguous
    assert came.attributes["targets"] == names
    np.testing.assert_array_equal(came.attributes["op_threshs"], TENSORS["op_threshs"])
    assert "other" not in came.attributes


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_a_file_cut_off_anywhere_is_refused_in_one_line(tmp_path: Path, form: str) -> None:
    whole = whole_module(tmp_path / "m.pt", TENSORS, legacy=form == "legacy").read_bytes()
    for cut in range(0, len(whole) - 1, max(1, len(whole) // 60)):
        (tmp_path / "cut.pt").write_bytes(whole[:cut])
        with pytest.raises(ValueError, match=r"cut\.pt$") as refused:
            read_torch(tmp_path / "cut.pt")
        assert "\n" not in str(refused.value)


def tensor_pickle(shape: bytes, strides: bytes, count: int = 4) -> bytes:
    """Return a state dict of one tensor of storage 0, its shape and strides as given."""
    name = b"ctorch._utils\n_rebuild_tensor_v2\n"
    storage = b"(S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\n" + b"I%d\n" % count + b"tQ"
    return b"\x80\x02}S'a'\n" + name + b"(" + storage + b"K\x00" + shape + strides + b"\x89}tRs."


def test_a_small_file_gives_no_large_tensor(tmp_path: Path) -> None:
    file = tmp_path / "bomb.pt"
    huge = b"(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft"
    file.write_bytes(zip_of(tensor_pickle(huge, b"(K\x00K\x00t"), {"0": b"\0" * 16}))
    with pytest.raises(ValueError, match="wanted a tensor inside its storage of 4"):
        read_torch(file)
    file.write_bytes(zip_of(tensor_pickle(b"(K\x04t", b"(K\x01t"), {"0": b"\0" * 16}))
    assert read_state_dict(file)["a"].tolist() == [0, 0, 0, 0]


def test_many_tensors_of_one_storage_are_bounded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tensor_pickle(b"(K\x04t", b"(K\x01t")
    body = one.removeprefix(b"\x80\x02}").removesuffix(b".")
    many = b"".join(body.replace(b"S'a'", b"S'a%d'" % n) for n in range(40))
    file = tmp_path / "many.pt"
    file.write_bytes(zip_of(b"\x80\x02}" + many + b".", {"0": b"\0" * 16}))
    assert len(read_state_dict(file)) == 40
    monkeypatch.setattr(torch_weights, "MOST_BYTES", len(file.read_bytes()))
    small = 16 * 40 // 2
    monkeypatch.setattr(torch_weights._Tensors, "__init__", _bounded(small))
    with pytest.raises(ValueError, match="at most, came more"):
        read_state_dict(file)


def _bounded(most: int) -> Any:
    def init(self: Any, storages: Any) -> None:
        self._storages, self._left = storages, most

    return init


def test_a_file_larger_than_any_backbone_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = whole_module(tmp_path / "m.pt", TENSORS, legacy=False)
    monkeypatch.setattr(torch_weights, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="wanted at most 1,000 bytes"):
        read_torch(file)


def test_compressed_members_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "zeros.pt"
    data = zip_of(
        tensor_pickle(b"(K\x04t", b"(K\x01t"), {"0": b"\0" * 10_000_000}, compressed=True
    )
    file.write_bytes(data)
    assert len(data) < 20_000
    with pytest.raises(ValueError, match="came compressed ones"):
        read_torch(file)


#: A module and the beginning of its state, up to the modules in it.
MODULE = b"ctorch\nModule\n)\x81"
STATE = b"}(S'_parameters'\n}S'_buffers'\n}S'_modules'\n"


def test_a_module_that_holds_itself_ends(tmp_path: Path) -> None:
    state = STATE + b"}S'a'\nh\x01su"
    file = tmp_path / "ring.pt"
    file.write_bytes(zip_of(b"\x80\x02" + MODULE + b"q\x01" + state + b"b.", {}))
    with pytest.raises(ValueError, match="64 deep at most"):
        read_torch(file)


def test_modules_that_double_at_each_depth_end(tmp_path: Path) -> None:
    """Sixty modules, each holding the next one twice: 2^60 tensors by name."""
    data = b"\x80\x02" + MODULE + STATE + b"}ubq\x00"
    for depth in range(60):
        held = b"}(S'a'\nh%cS'b'\nh%cu" % (depth, depth)
        data += b"0" + MODULE + STATE + held + b"ubq%c" % (depth + 1)
    file = tmp_path / "doubles.pt"
    file.write_bytes(zip_of(data + b".", {}))
    with pytest.raises(ValueError, match="20,000 tensors"):
        read_torch(file)


def test_bytes_changed_in_a_zip_are_noticed(tmp_path: Path) -> None:
    file = whole_module(tmp_path / "m.pt", TENSORS, legacy=False)
    data = bytearray(file.read_bytes())
    place = data.index(TENSORS["features.conv0.weight"].tobytes())
    data[place + 9] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(ValueError, match=r"CRC.*m\.pt"):
        read_torch(file)


def test_the_files_of_these_tests_are_pickles_as_python_writes_them(tmp_path: Path) -> None:
    """They use what PyTorch's files do: classes by name, a state each, ids of storages."""
    file = whole_module(tmp_path / "m.pt", random_tensors(1), legacy=True)
    with file.open("rb") as opened:
        for _ in range(3):
            list(pickletools.genops(opened))
        names = {
            str(argument)
            for opcode, argument, _ in pickletools.genops(opened)
            if opcode.name == "GLOBAL"
        }
    assert "torchxrayvision.models DenseNet" in names
    assert "torch._utils _rebuild_parameter" in names
    assert len(read_state_dict(file)) == len(random_tensors(1))
