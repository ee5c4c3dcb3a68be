import hashlib
import multiprocessing
from pathlib import Path

import pytest

from stack.cache import cache_root, ensure, fingerprint
from stack.installs import check_jars


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RADIOTHEQUE_CACHE", str(tmp_path / "cache"))
    return cache_root()


def test_a_thing_is_made_once(root: Path) -> None:
    made: list[Path] = []

    def make(place: Path) -> None:
        made.append(place)
        (place / "file").write_text("whole")

    first = ensure("thing-1", "a thing", make)
    assert ensure("thing-1", "a thing", make) == first == root / "thing-1"
    assert (first / "file").read_text() == "whole"
    assert len(made) == 1


def test_a_failure_leaves_nothing_that_looks_whole(root: Path) -> None:
    def fail(place: Path) -> None:
        (place / "half").touch()
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        ensure("thing-1", "a thing", fail)
    assert sorted(path.name for path in root.iterdir()) == ["thing-1.lock"]


def test_what_a_kill_left_behind_is_cleared(root: Path) -> None:
    left = root / "thing-1.making-99"
    left.mkdir(parents=True)
    ensure("thing-1", "a thing", lambda place: (place / "file").touch())
    assert not left.exists()


def count_one(folder: str) -> None:
    ensure("shared", "a thing", lambda place: (Path(folder) / f"made-{place.name}").touch())


def test_two_clones_at_once_make_it_once(tmp_path: Path, root: Path) -> None:
    context = multiprocessing.get_context("fork")
    clones = [context.Process(target=count_one, args=(str(tmp_path),)) for _ in range(3)]
    for clone in clones:
        clone.start()
    for clone in clones:
        clone.join(10)
    assert [clone.exitcode for clone in clones] == [0, 0, 0]
    assert len(list(tmp_path.glob("made-*"))) == 1


def test_a_fingerprint_changes_with_a_byte(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("a")
    before = fingerprint([lock])
    lock.write_text("b")
    assert fingerprint([lock]) != before


@pytest.mark.parametrize("wrong", ["changed", "missing", "added"])
def test_a_jar_that_is_not_the_listed_one_is_named(tmp_path: Path, wrong: str) -> None:
    jars = tmp_path / "jars"
    jars.mkdir()
    for name in ("a.jar", "b.jar"):
        (jars / name).write_text(name)
    digests = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars.iterdir()}
    listed = tmp_path / "jars.sha256"
    listed.write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))
    check_jars(jars, listed)
    match wrong:
        case "changed":
            (jars / "b.jar").write_text("other")
        case "missing":
            (jars / "b.jar").unlink()
        case _:
            (jars / "c.jar").touch()
    with pytest.raises(ValueError, match=r"differ: [bc]\.jar"):
        check_jars(jars, listed)
