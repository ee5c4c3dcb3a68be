"""What this machine must have before anything is installed: checked in a second.

Run by the system's own Python, before there is an environment: standard library only, and words
that an old Python (3.7) still reads. Prints what is missing and how to get it; exit code 1 then.
"""

# An old Python must read this file to say that it is too old: annotations stay words.
from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path

COMPOSE = "Elsewhere, use Docker: `docker compose up` runs the same system on images."
PYTHONS = ((3, 11), (3, 12))
GLIBC = (2, 35)
JAVA = 17
MAVEN = (3, 8)
GO = (1, 24)
#: "8 GB" of memory: what the kernel keeps for itself is not in MemTotal.
MEMORY_KB = 7_400_000
DISK_GB = 8


def first_numbers(text: str, pattern: str) -> tuple[int, ...]:
    """Return the numbers of a version found by a pattern, as a tuple; () when it is not found."""
    found = re.search(pattern, text)
    return tuple(int(part) for part in found.groups() if part) if found else ()


def output(*command: str) -> str:
    """Return what a program prints, "" when there is none or it fails.

    A name on PATH is not enough: a version manager's shim may be there for a version that is not.
    """
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def system_problem() -> str | None:
    """Return why this system cannot run the native stack at all, or None."""
    if platform.system() != "Linux":
        return f"the native stack needs Linux, this is {platform.system()}"
    if platform.machine() not in {"x86_64", "AMD64"}:
        return f"the native stack needs an x86-64 processor, this is {platform.machine()}"
    try:
        glibc = first_numbers(os.confstr("CS_GNU_LIBC_VERSION") or "", r"(\d+)\.(\d+)")
    except (ValueError, OSError):
        glibc = ()
    if glibc < GLIBC:
        got = ".".join(map(str, glibc)) or "another C library"
        return f"the native stack needs glibc 2.35 (Debian 12, Ubuntu 22.04), this is {got}"
    return None


def python_problem() -> str | None:
    """Return what this Python lacks, or None."""
    version = sys.version_info[:2]
    name = f"python{version[0]}.{version[1]}"
    if version not in PYTHONS or platform.python_implementation() != "CPython":
        return (
            f"CPython 3.11 or 3.12 (this is {platform.python_implementation()} "
            f"{version[0]}.{version[1]}): apt-get install python3.11 python3.11-venv "
            "libpython3.11, then `make PYTHON=python3.11 ...`"
        )
    try:
        import ensurepip
        import venv
    except ImportError:
        return f"Python's venv: apt-get install {name}-venv"
    del ensurepip, venv
    library = f"libpython{version[0]}.{version[1]}.so.1.0"
    folders = [
        sysconfig.get_config_var("LIBDIR") or "",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib64",
        "/lib/x86_64-linux-gnu",
    ]
    if not any(Path(folder, library).exists() for folder in folders):
        return (
            f"a shared {library}, which Triton's Python backend loads: apt-get install "
            f"lib{name} (pyenv: build with PYTHON_CONFIGURE_OPTS=--enable-shared)"
        )
    return None


def java_problem() -> str | None:
    """Return what is wanted of Java, or None."""
    # Java 8 calls itself 1.8: then the first number is 1, which is too old all the same.
    found = first_numbers(output("java", "-version"), r'version "(\d+)')
    if found and found[0] >= JAVA:
        return None
    return "Java 17 or newer (Kafka): apt-get install openjdk-17-jre-headless"


def maven_problem() -> str | None:
    """Return what is wanted of Maven, or None."""
    if first_numbers(output("mvn", "-version"), r"Apache Maven (\d+)\.(\d+)") >= MAVEN:
        return None
    return "Maven 3.8 or newer (fetches Kafka's jars): apt-get install maven"


def go_problem() -> str | None:
    """Return what is wanted of Go, or None."""
    if first_numbers(output("go", "version"), r"go(\d+)\.(\d+)") >= GO:
        return None
    return (
        "Go 1.24 or newer (builds MinIO): https://go.dev/dl, or apt-get install golang-1.24-go "
        "from backports"
    )


def memory_problem() -> str | None:
    """Return what is wanted of the memory, or None."""
    text = Path("/proc/meminfo").read_text()
    total = first_numbers(text, r"MemTotal:\s+(\d+) kB")
    if total and total[0] >= MEMORY_KB:
        return None
    return f"8 GB of memory, this machine has {total[0] / 1e6 if total else 0:.1f}"


def disk_problem() -> str | None:
    """Return what is wanted of the disk, or None."""
    free = shutil.disk_usage(Path(__file__).parent).free
    if free >= DISK_GB * 1e9:
        return None
    return f"{DISK_GB} GB of free disk here, there are {free / 1e9:.1f}"


CHECKS = (
    python_problem,
    java_problem,
    maven_problem,
    go_problem,
    memory_problem,
    disk_problem,
)


def find_problems(checks: tuple[Callable[[], str | None], ...] = CHECKS) -> list[str]:
    """Return what is missing, in the checks' order. All are made at once: Java starts slowly."""
    answers: dict[Callable[[], str | None], str | None] = {}

    def ask(check: Callable[[], str | None]) -> None:
        answers[check] = check()

    threads = [threading.Thread(target=ask, args=(check,)) for check in checks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = (answers[check] for check in checks)
    return [problem for problem in found if problem]


def main(arguments: list[str]) -> int:
    """Print what is missing; return the exit code. With `python`, only Python is looked at."""
    reason = system_problem()
    if reason:
        print(f"{reason}. {COMPOSE}")
        return 1
    problems = find_problems((python_problem,) if arguments == ["python"] else CHECKS)
    for problem in problems:
        print(f"missing: {problem}")
    if problems:
        print(f"After that, run make again. {COMPOSE}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
