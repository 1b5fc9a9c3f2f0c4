"""What documents name is there: links, files, targets of make, commands."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(
        found
        for folder in ("apps", "devstack", "docker", "sandbox", "tests")
        for found in (ROOT / folder).rglob("README.md")
    ),
]
#: What stands in a fence or between backticks shows text, also when it looks like a link.
SHOWN = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]: +(\S+)$", re.MULTILINE)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
FOLDERS = "apps|fanz|tests|docs|docker|devstack|sandbox|templates|static|requirements"
#: Only between backticks or in a fence: "make every" is English.
CODE = re.compile(r"^```.*?^```|`[^`\n]+`|^    [^\n]+$", re.MULTILINE | re.DOTALL)
FILE = re.compile(rf"(?<![\w/.-])(?:{FOLDERS})/[\w./-]*\w")
TARGET = re.compile(r"\bmake (?:-s )?([a-z][a-z0-9-]*)(?: ([A-Z0-9]+)=)?")
COMMAND = re.compile(r"(?:manage\.py |make (?:-s )?manage ARGS=[\"'])([a-z_]+)")
#: What somebody is to look at.
ALARM = re.compile(r"\blog\.(?:error|critical|exception)\(\s*\"([\w.]+)\"")
MAKEFILE = (ROOT / "Makefile").read_text()
COMMANDS = get_commands()


def links(document: Path) -> list[str]:
    """Return the targets inside the project."""
    found = (
        inline or named for inline, named in LINK.findall(SHOWN.sub("", document.read_text()))
    )
    return [target for target in found if not urlsplit(target).scheme]


def anchors(document: Path) -> set[str]:
    """Return what the headings are called in a link (GitHub's way)."""
    headings = HEADING.findall(document.read_text())
    return {re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-") for text in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in links(document):
        target = urlsplit(link)
        place = (document.parent / unquote(target.path)).resolve() if target.path else document
        assert place.exists(), f"{link}: there is no such file"
        assert place.is_relative_to(ROOT), f"{link}: outside the project"
        if target.fragment and place.suffix == ".md":
            assert target.fragment in anchors(place), f"{link}: there is no such heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_target_and_command_is_there(document: Path) -> None:
    text = document.read_text()
    code = "\n".join(CODE.findall(text))

    files = {found for found in FILE.findall(text) if not (ROOT / found).exists()}
    assert {found for found in files if not (ROOT / f"{found}.py").exists()} == set()
    targets = {found for found in TARGET.findall(code) if not is_target(*found)}
    assert targets == set()
    commands = {found for found in COMMAND.findall(code) if found not in COMMANDS}
    assert commands == set()


def is_target(name: str, variable: str) -> bool:
    recipe = re.search(rf"^{name}:.*(?:\n\t.*)*", MAKEFILE, re.MULTILINE)
    return recipe is not None and (not variable or f"$({variable})" in recipe[0])


def test_every_error_that_is_logged_stands_in_a_runbook() -> None:
    runbooks = "\n".join(page.read_text() for page in (ROOT / "docs" / "runbooks").glob("*.md"))
    logged = {
        name
        for module in (ROOT / "apps").rglob("*.py")
        for name in ALARM.findall(module.read_text())
    }

    assert {name for name in logged if f"`{name}`" not in runbooks} == set()
    assert len(logged) > 10


def test_links_were_found() -> None:
    assert sum(len(links(document)) for document in DOCUMENTS) > 10
