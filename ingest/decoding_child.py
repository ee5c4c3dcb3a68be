"""The child process that decodes: `python -m ingest.decoding_child`, on a socket as its stdin.

It answers one request after another: what is asked (JSON) and a film's bytes come in, each
after its length; an outcome goes out (ingest/decoder.py has the other end). It may use so much
memory and processor time and no more, can write no file, and dies with its parent.
"""

import ctypes
import json
import logging
import os
import resource
import signal
import socket
import struct
import sys
import traceback
import warnings
from typing import Any, Final

from ingest.film_of_file import film_of_file
from schemas.errors import Refusal
from schemas.presentation import Presentation

LENGTH: Final = struct.Struct(">Q")
#: The blobs of an outcome, in the order they follow its JSON head; then those of `small`.
BLOBS: Final = ("full", "display", "thumbnail", "signature", "tensor")

_PR_SET_PDEATHSIG: Final = 1


def main(memory_bytes: int, seconds: float, pixel_limit: int, parent: int, nicer: int) -> None:
    """Serve until the socket closes."""
    _die_with(parent)
    _limit(memory_bytes)
    os.nice(nicer)
    # Libraries warn of odd values by quoting them, and what we write to stderr is a log.
    warnings.simplefilter("ignore")
    logging.disable()
    with socket.socket(fileno=0) as wire, wire.makefile("rwb", buffering=1 << 16) as stream:
        # What says that the imports are done: only then does a film's time begin to run.
        stream.write(LENGTH.pack(0))
        stream.flush()
        while length := stream.read(LENGTH.size):
            asked = json.loads(stream.read(LENGTH.unpack(length)[0]))
            data = stream.read(LENGTH.unpack(stream.read(LENGTH.size))[0])
            _limit_time(seconds, asked["patience"])
            head, blobs = _outcome(data, asked, pixel_limit)
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            del data
            said = json.dumps(head | {"sizes": [len(blob) for blob in blobs]}).encode()
            for part in (LENGTH.pack(len(said)), said, *blobs):
                stream.write(part)
            stream.flush()


def _outcome(
    data: bytes, asked: dict[str, Any], pixel_limit: int
) -> tuple[dict[str, Any], list[bytes]]:
    try:
        kept_as = asked["presentation"] and Presentation.model_validate(asked["presentation"])
        film = film_of_file(data, pixel_limit, asked["black_out"], asked["side"], kept_as)
    except Refusal as error:
        return {"refused": [error.code, error.wanted, error.came]}, []
    except (MemoryError, RecursionError):
        # Of sequences in sequences there may be any number, too.
        return {"exhausted": True}, []
    except Exception as error:  # noqa: BLE001 - a bug of ours: told to the parent, who raises it
        return {"bug": _where(error)}, []
    head = {
        "film": film.film,
        "width": film.width,
        "height": film.height,
        "bits": film.bits,
        "side": film.side,
        "says": film.says.json(),
        "presentation": film.presentation.model_dump(),
        "small": [film.small.rows, film.small.columns, film.small.step],
    }
    return head, [*(getattr(film, name) for name in BLOBS), film.small.data, film.small.padding]


def _where(error: BaseException) -> str:
    """Return an error's kind and place without its words: they may quote the patient's name."""
    place = traceback.format_tb(error.__traceback__, limit=-5)
    return "".join([*place, type(error).__name__])


def _die_with(parent: int) -> None:
    """Have the kernel kill us when the parent ends, however it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        # It had ended before we asked.
        sys.exit(0)


def _limit(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # A core file would hold the film.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: float, patience: float | None) -> None:
    """Have the kernel end us after so much time, by the clock or by the processor.

    Left at their defaults, SIGALRM and SIGXCPU end the process even within a decoder's C code; so
    does SIGPROF, after the processor time for which who asks has patience.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    whole = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_PROF, patience or 0)


if __name__ == "__main__":
    memory, allowed, pixels, started_by, niceness = sys.argv[1:]
    main(int(memory), float(allowed), int(pixels), int(started_by), int(niceness))
