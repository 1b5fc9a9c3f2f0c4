"""Links between documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "apps").rglob("README.md")),
]
#: What stands in a fence or between backticks shows text, also when it looks like a link.
SHOWN = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]: +(\S+)$", re.MULTILINE)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


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


def test_links_were_found() -> None:
    assert sum(len(links(document)) for document in DOCUMENTS) > 10
