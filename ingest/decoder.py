"""Decoding apart: films are decoded, hashed and rendered in child processes with limits.

A file that would take too much time or memory, or that crashes a decoder, ends its child and is
refused with code `decoder-limit`; the next film finds a new child. Children are plain programs
(no fork of a process with threads), each on a socket pair; they die with this process, even by
SIGKILL. What comes back is JSON and bytes, never a pickle: a decoder taken over by a film cannot
reach further.
"""

import json
import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from ingest.decoding_child import LENGTH
from ingest.renditions import Developed
from ingest.says import FileSays
from ingest.text_views import Small
from schemas.errors import Refusal, Unavailable
from schemas.presentation import Presentation
from store.records import Part
from store.settings import Settings

log = logging.getLogger(__name__)

#: After its own clock should have ended a child, we wait so long before we do.
_GRACE_S: Final = 5.0
_START_S: Final = 60.0
#: Signals that come from outside (an operator, the kernel short of memory): not the film's doing.
_FROM_OUTSIDE: Final = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_HEAD_LIMIT: Final = 1 << 20


class TakesLong(Exception):
    """The film takes more of the processor than there is patience for: it is decoded apart."""


class Patience:
    """Seconds of a processor's time that a film gets before it is set aside.

    Each film that takes longer halves them, down to a bound, so that many in a row hold the others
    little; each that does not brings some back. A film of 9 million samples of 16 bits takes 1 s,
    one of 18 million 1.9 s. For many threads.
    """

    def __init__(self, most_s: float = 3.0, least_s: float = 0.5) -> None:
        """Begin with the most."""
        self._most_s = most_s
        self._least_s = least_s
        self._lock = threading.Lock()
        self.seconds = most_s

    def lose(self) -> None:
        """A film took longer."""
        with self._lock:
            self.seconds = max(self._least_s, self.seconds / 2)

    def win(self) -> None:
        """A film did not."""
        with self._lock:
            self.seconds = min(self._most_s, self.seconds * 1.25)


class _ChildDied(Exception):
    """The child is gone, or silent past its time."""


class Decoder:
    """A pool of decoding children. For many threads; `close` leaves none behind."""

    def __init__(
        self, settings: Settings, *, patience: Patience | None = None, nicer: int = 0
    ) -> None:
        """Start nothing yet; each child starts when it is first needed.

        nicer: added to the children's niceness.
        """
        self._patience = patience
        self._seconds = settings.decode_timeout_s
        self._memory = settings.decode_memory_bytes
        self._words = (
            str(settings.decode_memory_bytes),
            str(settings.decode_timeout_s),
            str(settings.pixel_limit),
            str(os.getpid()),
            str(nicer),
        )
        # The kernel ties a child to the thread that started it, so one thread that lives as long
        # as the pool starts them all.
        self._nursery = ThreadPoolExecutor(1, thread_name_prefix="decoder-nursery")
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        self._children: set[_Child] = set()
        for _ in range(settings.decode_processes):
            self._idle.put(None)

    def develop(
        self,
        data: bytes,
        black_out: Sequence[Part] = (),
        side: int = 0,
        presentation: Presentation | None = None,
        *,
        patient: bool = False,
    ) -> Developed:
        """Return the film in a file's bytes, parts of it blacked out; waits for a free child.

        side: of the model that will be asked about it, 0 for none.
        presentation: how it is shown, where that is not for its file to say.
        patient: it gets all the time that a film may have.
        Raises TakesLong when it has used up the patience, where that has a bound. Raises Refusal:
        what the readers refuse, and `decoder-limit`. Raises Unavailable when no
        child can be started, RuntimeError with the child's traceback for a bug of ours.
        """
        patience = None if patient else self._patience
        asked = json.dumps(
            {
                "patience": patience and patience.seconds,
                "black_out": [list(part) for part in black_out],
                "side": side,
                "presentation": presentation and presentation.model_dump(),
            }
        )
        for attempt in (1, 2):
            child = self._idle.get()
            try:
                child = child or self._start()
                head, blobs = child.ask(
                    asked.encode(), data, self._seconds + _GRACE_S, self._memory
                )
                if head.get("exhausted"):
                    # Its heap may be in pieces: the next film gets a fresh child.
                    self._end(child)
                    child = None
                    raise self._over_limit()
            except _ChildDied:
                assert child is not None
                code = self._end(child)
                child = None
                if patience is not None and code == -signal.SIGPROF:
                    patience.lose()
                    raise TakesLong from None
                if code is not None and -code in _FROM_OUTSIDE and attempt == 1:
                    log.warning("A decoding child was killed; its film is tried again")
                    continue
                log.warning("A film ended its decoding child", extra={"exit": code})
                raise self._over_limit() from None
            finally:
                self._idle.put(child)
            if patience is not None:
                patience.win()
            return _outcome(head, blobs)
        raise AssertionError("two attempts always end")

    def close(self) -> None:
        """End every child and wait until it is gone."""
        for child in tuple(self._children):
            self._end(child)
        self._nursery.shutdown()

    def _start(self) -> "_Child":
        try:
            child = self._nursery.submit(_Child, self._words).result()
        except (OSError, _ChildDied) as error:
            raise Unavailable("decoder", f"no child starts: {type(error).__name__}") from error
        self._children.add(child)
        return child

    def _end(self, child: "_Child") -> int | None:
        self._children.discard(child)
        return child.end()

    def _over_limit(self) -> Refusal:
        return Refusal(
            "decoder-limit",
            wanted=f"a film that decodes within {self._seconds:g} s and the memory allowed",
            came="one that does not",
        )


class _Child:
    """One child process and our end of its socket."""

    def __init__(self, words: tuple[str, ...]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ingest.decoding_child", *words],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                # Its own threads would only take the two cores from each other, and the memory
                # they reserve counts against the limit.
                env={**_surroundings(), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                # A signal to our group (Ctrl-C, the supervisor's stop) is not for them: the film
                # in hand is finished first.
                start_new_session=True,
            )
        self._wire = ours
        try:
            self._receive(LENGTH.size, time.monotonic() + _START_S)
        except _ChildDied:
            self.end()
            raise

    def ask(
        self, asked: bytes, data: bytes, seconds: float, limit: int
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Return the child's answer about a file, of so many bytes at most.

        Raises _ChildDied when none comes in time, or a longer one.
        """
        deadline = time.monotonic() + seconds
        try:
            self._wire.settimeout(seconds)
            for part in (asked, data):
                self._wire.sendall(LENGTH.pack(len(part)))
                self._wire.sendall(part)
        except OSError as error:
            raise _ChildDied from error
        (size,) = LENGTH.unpack(self._receive(LENGTH.size, deadline))
        if size > _HEAD_LIMIT:
            raise _ChildDied
        head = json.loads(self._receive(size, deadline))
        if not 0 <= sum(head["sizes"]) <= limit or min(head["sizes"], default=0) < 0:
            # More than it may hold itself: not what our program says.
            raise _ChildDied
        return head, [self._receive(length, deadline) for length in head["sizes"]]

    def end(self) -> int | None:
        """Kill it if it lives, wait until it is gone, return its exit code."""
        # A child that died of itself has closed its end just before: its own code comes first.
        self._wire.close()
        try:
            code = self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            code = None
        return code

    def _receive(self, size: int, deadline: float) -> bytes:
        whole = bytearray(size)
        view = memoryview(whole)
        while view:
            try:
                self._wire.settimeout(max(0.001, deadline - time.monotonic()))
                got = self._wire.recv_into(view)
            except OSError as error:
                raise _ChildDied from error
            if not got:
                raise _ChildDied
            view = view[got:]
        return bytes(whole)


def _outcome(head: dict[str, Any], blobs: list[bytes]) -> Developed:
    if "refused" in head:
        code, wanted, came = head["refused"]
        raise Refusal(code, wanted=wanted, came=came)
    if "bug" in head:
        raise RuntimeError(f"decoding failed unexpectedly:\n{head['bug']}")
    # BLOBS says the order.
    full, display, thumbnail, signature, tensor, small, padding = blobs
    rows, columns, step = head["small"]
    return Developed(
        film=head["film"],
        width=head["width"],
        height=head["height"],
        bits=head["bits"],
        full=full,
        display=display,
        thumbnail=thumbnail,
        signature=signature,
        says=FileSays.of_json(head["says"]),
        small=Small(rows, columns, step, small, padding),
        side=head["side"],
        tensor=tensor,
        presentation=Presentation.model_validate(head["presentation"]),
    )


def _surroundings() -> dict[str, str]:
    """Return what a child must know: where Python finds us, and none of our secrets."""
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
