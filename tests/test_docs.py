"""What the documents say is so: generated parts, links, paths, commands and make targets."""

import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from radiotheque.__main__ import parser
from stack import documents
from stack.compose import settings as compose_settings
from store.settings import NOT_SETTINGS, PREFIX, Settings

ROOT: Final = Path(__file__).resolve().parent.parent
PAGES: Final = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
)
TOP: Final = {path.name for path in ROOT.iterdir() if path.is_dir()}


@cache
def text_of(page: str) -> str:
    return (ROOT / page).read_text()


@pytest.mark.parametrize("page", ["README.md", "README.fr.md", "docs/settings.md"])
def test_generated_parts_are_those_generated_now(page: str) -> None:
    assert text_of(page) == documents.generated()[page]


def test_every_setting_is_on_the_settings_page() -> None:
    page = text_of("docs/settings.md")
    rows = set(re.findall(rf"^\| `{PREFIX}(\w+)` \|", page, re.MULTILINE))
    assert rows == {name.upper() for name in Settings.model_fields} | NOT_SETTINGS


def test_the_settings_page_shows_no_secret_and_says_what_is_needed() -> None:
    for row in text_of("docs/settings.md").splitlines():
        if "SECRET" in row or "PASSWORD" in row:
            assert "*secret*" in row or not row.startswith("| `"), row
    needed = {
        f"{PREFIX}{name.upper()}"
        for name, field in Settings.model_fields.items()
        if field.is_required()
    }
    # Whoever reads "needed" must not have to set it: the stack or compose does.
    assert needed <= compose_settings().keys()


def slug(heading: str) -> str:
    words = re.sub(r"[^\w\s-]", "", heading.strip().lower())
    return words.replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    faults = []
    for link in re.findall(r"\]\(([^)]+)\)", text_of(page)):
        target = re.sub(r"\s+", "", link)
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        place = (ROOT / page).parent / path if path else ROOT / page
        if not place.exists():
            faults.append(f"{link}: no such file")
        elif anchor:
            headings = re.findall(r"^#+ (.*)$", place.read_text(), re.MULTILINE)
            if anchor not in {slug(heading) for heading in headings}:
                faults.append(f"{link}: no such heading")
    assert not faults


@pytest.mark.parametrize("page", PAGES)
def test_paths_that_a_page_names_exist(page: str) -> None:
    named = set(re.findall(r"`([\w.-]+/[\w./-]*)`", text_of(page)))
    ours = {path for path in named if path.split("/")[0] in TOP}
    ours -= {"workers/train.py"}  # named as what comes later
    assert not [path for path in sorted(ours) if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_that_a_page_names_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of_makefile(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text_of(page), re.MULTILINE))
    assert named <= targets


@cache
def text_of_makefile() -> str:
    return (ROOT / "Makefile").read_text()


def commands() -> list[str]:
    found = []
    for page in PAGES:
        for line in text_of(page).splitlines():
            words = re.search(r"^\.venv/bin/radiotheque ([^#|]*)", line)
            if words:
                found.append(words[1].strip())
    return sorted(set(found))


def test_commands_that_pages_show_are_understood() -> None:
    assert len(commands()) > 4
    for command in commands():
        assert callable(parser().parse_args(shlex.split(command)).run), command


def test_modules_that_pages_run_exist() -> None:
    named = {
        module for page in PAGES for module in re.findall(r"python -m ([a-z_.]+)", text_of(page))
    } - {"pytest"}
    assert named
    for module in named:
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


def test_decisions_are_numbered_once_and_well_formed() -> None:
    paths = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [path.name[:4] for path in paths]
    assert numbers[0] == "0000"
    assert len(numbers) == len(set(numbers))
    for path in paths:
        text = path.read_text()
        assert re.match(rf"# {path.name[:4]}[.:] ", text), path.name
        assert "Date: 20" in text, path.name
        assert "Status: " in text, path.name
        for part in ("Context", "Decision", "Consequences"):
            assert f"## {part}\n" in text, f"{path.name}: {part}"


def test_pages_that_show_the_system_say_what_it_is_not() -> None:
    assert "Research use, not a medical device" in text_of("README.md")
    assert "Usage de recherche, n'est pas un dispositif médical" in text_of("README.fr.md")
    assert "not yet\nbeen run in Docker" in text_of("README.md")


def test_both_readmes_have_the_same_parts() -> None:
    counts = [
        len(re.findall(r"^#+ ", text_of(page), re.MULTILINE))
        for page in ("README.md", "README.fr.md")
    ]
    assert counts[0] == counts[1]
    commands_of = [
        re.findall(r"^\| `(make [a-z-]+)`", text_of(page), re.MULTILINE)
        for page in ("README.md", "README.fr.md")
    ]
    assert commands_of[0] == commands_of[1]


def test_the_ci_script_runs_the_commands_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)
    run = re.findall(r"^within_time (make [a-z-]+)$", script.read_text(), re.MULTILINE)
    assert run == ["make check", "make test"]
    for command in run:
        assert f"`{command}`" in text_of("README.md") or f"\n{command} " in text_of("README.md")
