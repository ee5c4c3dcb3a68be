"""Fetching a publisher's file from a server of the test's own, which misbehaves as told."""

import hashlib
import http.client
import http.server
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from radiotheque import model_fetch, published_file
from radiotheque.__main__ import main
from radiotheque.published_file import FetchError, Patience, fetch
from training.torchxrayvision.published import HOSTS, SETS

ADDRESS = "https://github.com/somebody/releases/model.pt"
DATA = bytes(range(256)) * 2_000
Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


class Publisher:
    """Plays every host: what it answers, and who was asked."""

    def __init__(self) -> None:
        self.answer: Answer = whole(DATA)
        self.asked: list[str] = []
        self.over = threading.Event()
        publisher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked.append(f"{self.headers['Host']}{self.path}")
                publisher.answer(self)

            def log_message(self, *_: Any) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def handler(self) -> urllib.request.BaseHandler:
        """Return what takes a request for any https host to this server, named as asked."""
        port = self.server.server_address[1]

        class Here(urllib.request.HTTPSHandler):
            def https_open(self, asked: urllib.request.Request) -> http.client.HTTPResponse:
                def connect(_: str, **how: Any) -> http.client.HTTPConnection:
                    return http.client.HTTPConnection("127.0.0.1", port, timeout=how["timeout"])

                return self.do_open(connect, asked)

        return Here()


def whole(data: bytes, announced: int | None = None) -> Answer:
    def answer(to: http.server.BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Length", str(len(data) if announced is None else announced))
        to.end_headers()
        to.wfile.write(data)

    return answer


def sent_on(where: str) -> Answer:
    def answer(to: http.server.BaseHTTPRequestHandler) -> None:
        if to.headers["Host"] != "github.com":
            whole(DATA)(to)
            return
        to.send_response(302)
        to.send_header("Location", where)
        to.send_header("Content-Length", "0")
        to.end_headers()

    return answer


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    yield made
    made.close()


def bring(publisher: Publisher, folder: Path, address: str = ADDRESS, **how: Any) -> str:
    return fetch(address, folder / "model.pt", HOSTS, handlers=(publisher.handler(),), **how)


def refused(publisher: Publisher, folder: Path, **how: Any) -> str:
    """Return what is said; the folder has no file, no part of one and no record of one."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(FetchError) as error:
        bring(publisher, folder, **how)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_file_comes_whole_and_its_hash_is_recorded(publisher: Publisher, tmp_path: Path) -> None:
    publisher.answer = sent_on("https://release-assets.githubusercontent.com/x/model.pt?sig=1")
    digest = bring(publisher, tmp_path)
    assert (tmp_path / "model.pt").read_bytes() == DATA
    assert digest == hashlib.sha256(DATA).hexdigest()
    assert (tmp_path / "model.pt.sha256").read_text() == f"{digest}  model.pt\n"
    assert [asked.split("/")[0] for asked in publisher.asked] == list(HOSTS[:2])


def test_a_file_that_is_there_is_not_fetched_again(publisher: Publisher, tmp_path: Path) -> None:
    bring(publisher, tmp_path)
    asked = len(publisher.asked)
    assert bring(publisher, tmp_path) == hashlib.sha256(DATA).hexdigest()
    assert len(publisher.asked) == asked


def test_a_file_that_changed_here_is_refused(publisher: Publisher, tmp_path: Path) -> None:
    bring(publisher, tmp_path)
    (tmp_path / "model.pt").write_bytes(DATA[:-1] + b"x")
    assert "wanted SHA-256" in refused(publisher, tmp_path)


def test_a_file_that_changed_at_its_publisher_is_refused(
    publisher: Publisher, tmp_path: Path
) -> None:
    bring(publisher, tmp_path)
    (tmp_path / "model.pt").unlink()
    publisher.answer = whole(DATA[::-1])
    assert "wanted the file of before" in refused(publisher, tmp_path)


def test_a_file_cut_off_is_refused(publisher: Publisher, tmp_path: Path) -> None:
    publisher.answer = whole(DATA[:-9], announced=len(DATA))
    assert "cut off" in refused(publisher, tmp_path)


def test_a_server_that_falls_silent_is_left(publisher: Publisher, tmp_path: Path) -> None:
    def answer(to: http.server.BaseHTTPRequestHandler) -> None:
        whole(DATA[:1000], announced=len(DATA))(to)
        to.wfile.flush()
        publisher.over.wait(20)

    publisher.answer = answer
    assert "no byte in 0.2 s" in refused(publisher, tmp_path, patience=Patience(silent=0.2))


def test_a_server_that_drips_is_left(publisher: Publisher, tmp_path: Path) -> None:
    def answer(to: http.server.BaseHTTPRequestHandler) -> None:
        whole(b"", announced=len(DATA))(to)
        while not publisher.over.wait(0.02):
            try:
                to.wfile.write(b"x")
            except OSError:
                return

    publisher.answer = answer
    said = refused(publisher, tmp_path, patience=Patience(silent=10, whole=0.3))
    assert "too slow" in said


@pytest.mark.parametrize(
    "where",
    [
        "https://example.org/model.pt",
        "http://github.com/model.pt",
        "https://github.com.example.org/model.pt",
        "https://github.com@example.org/model.pt",
        "https://someone@github.com/model.pt",
        "ftp://github.com/model.pt",
        "file:///etc/hostname",
    ],
)
def test_a_redirect_to_another_host_or_way_is_refused(
    publisher: Publisher, tmp_path: Path, where: str
) -> None:
    publisher.answer = sent_on(where)
    # Python itself follows nobody to a file or a way that it has not heard of.
    said = refused(publisher, tmp_path)
    assert "wanted https from github.com" in said or where.startswith("file:")
    assert len(publisher.asked) == 1


def test_a_ring_of_redirects_ends(publisher: Publisher, tmp_path: Path) -> None:
    publisher.answer = sent_on("https://github.com/again")
    assert "status 302" in refused(publisher, tmp_path)


@pytest.mark.parametrize("address", ["http://github.com/m.pt", "https://example.org/m.pt"])
def test_an_address_that_was_not_stated_is_not_asked(
    publisher: Publisher, tmp_path: Path, address: str
) -> None:
    assert "wanted https" in refused(publisher, tmp_path, address=address)
    assert not publisher.asked


@pytest.mark.parametrize("announced", [0, published_file.MOST_BYTES + 1])
def test_a_file_of_another_size_than_a_network_is_refused(
    publisher: Publisher, tmp_path: Path, announced: int
) -> None:
    publisher.answer = whole(b"", announced=announced)
    assert "wanted at most" in refused(publisher, tmp_path)


def test_an_answer_without_a_length_is_refused(publisher: Publisher, tmp_path: Path) -> None:
    def answer(to: http.server.BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.end_headers()
        to.wfile.write(DATA)

    publisher.answer = answer
    assert "wanted the file's length" in refused(publisher, tmp_path)


def test_a_file_that_is_not_there_is_refused(publisher: Publisher, tmp_path: Path) -> None:
    publisher.answer = lambda to: to.send_error(404)
    assert "came status 404" in refused(publisher, tmp_path)


def test_a_publisher_out_of_reach_is_named(tmp_path: Path) -> None:
    gone = Publisher()
    handler = gone.handler()
    gone.close()
    with pytest.raises(FetchError, match="refused"):
        fetch(ADDRESS, tmp_path / "model.pt", HOSTS, handlers=(handler,))


def test_nothing_is_fetched_without_yes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "fetch", "densenet121-res224-all"]) == 0
    said = capsys.readouterr().out
    assert SETS["densenet121-res224-all"].address in said
    assert "Apache License 2.0" in said
    assert "nothing was fetched" in said


def test_what_was_fetched_is_imported(
    publisher: Publisher,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    imported: list[list[str]] = []
    monkeypatch.setattr(
        model_fetch,
        "fetch",
        lambda *words: fetch(*words, handlers=(publisher.handler(),)),
    )

    def import_file(words: list[str]) -> int:
        imported.append(words)
        return 0

    monkeypatch.setattr(model_fetch, "import_file", import_file)
    words = ["models", "fetch", "densenet121-res224-chex", "--yes", "--keep", str(tmp_path)]
    assert main([*words, "--out", str(tmp_path / "run")]) == 0
    file = tmp_path / SETS["densenet121-res224-chex"].file
    assert file.read_bytes() == DATA
    name = ["--set", "densenet121-res224-chex", "--out", str(tmp_path / "run")]
    assert imported == [[str(file), *name]]
    assert hashlib.sha256(DATA).hexdigest() in capsys.readouterr().out
    publisher.answer = whole(DATA[:9], announced=len(DATA))
    file.unlink()
    assert main([*words, "--out", str(tmp_path / "run")]) == 2
    assert len(imported) == 1
    assert "cut off" in capsys.readouterr().err
