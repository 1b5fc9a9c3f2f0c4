"""The tables of docs/benchmarks.md, rewritten from a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tests.bench.lib.common import ROOT, Figure

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def write(parts: Mapping[str, Sequence[Figure]], *, machine: str, command: str) -> None:
    """Put a run between the two marks of the page, each part under its name; parts that were not
    measured keep what they have.

    :raises RuntimeError: the page has lost its marks
    """
    text = PAGE.read_text()
    head, found, rest = text.partition(BEGIN)
    kept, ended, tail = rest.partition(END)
    if not (found and ended):
        raise RuntimeError(f"{PAGE.name} has no {BEGIN} ... {END}")
    tables = dict(part.split("\n", 1) for part in kept.strip().split("### ") if part)
    for name, figures in parts.items():
        tables[name] = table(figures, machine, command)
    told = "\n".join(f"### {name}\n{tables[name].strip()}\n" for name in sorted(tables))
    PAGE.write_text(f"{head}{BEGIN}\n{told}{END}{tail}")


def table(figures: Sequence[Figure], machine: str, command: str) -> str:
    """Return the run as Markdown."""
    rows = [
        f"| {f.name} | {f.written} | {f.unit} | {f.promise} | {_verdict(f)} |" for f in figures
    ]
    day = datetime.now(UTC).date()
    return "\n".join(
        [
            f"{day.day} {day:%B %Y}: {machine}.",
            f"Command: `{command}`.",
            "",
            "| figure | value | unit | bar | |",
            "|---|---:|---|---:|---|",
            *rows,
            "",
        ]
    )


def _verdict(figure: Figure) -> str:
    if not figure.promise:
        return ""
    return "holds" if figure.holds else "FAILS"
