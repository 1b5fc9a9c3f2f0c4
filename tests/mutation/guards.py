"""Faults in the SQL that holds the books: guards of the tables, and the checks that prove them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.mutation.faults import Fault

FOLDER = "apps/finance/ledger/migrations/sql"
PROOF = "apps/finance/ledger/selectors"
_LEDGER = "tests/finance/ledger"
#: What makes the schema, in the order of the migrations, and who should notice. What a later
#: file makes anew or drops is not in force. Files that only take back (drop, undo) are not here.
GUARDS = {
    "guards": ("test_guards*.py",),
    "guards_triggers": ("test_guards*.py", "test_accounts.py"),
    "guards_holds": ("test_hold*.py", "test_guards*.py"),
    "guards_post": ("test_post*.py", "test_guards*.py", "test_concurrency.py"),
    "chart": ("test_chart.py", "test_guards*.py"),
    "time_periods": ("test_period*.py", "test_totals.py", "test_clos*.py"),
    "time_roll": ("test_roll.py", "test_totals.py"),
    "chain": ("test_chain.py",),
    "proposals": ("test_proposals*.py",),
    "one_triggers": (
        "test_guards*.py", "test_post*.py", "test_rev*.py", "test_correct.py", "test_period*.py",
        "test_clos*.py", "test_proposals*.py", "test_roll.py",
    ),
    "one_post": ("test_post*.py", "test_one_or_many.py", "test_guards*.py", "test_concurrency.py"),
}  # fmt: skip
AFTERWARDS = ("test_ledger_check*.py", "test_check*.py")
PROVED = ("test_ledger_check*.py", "test_check*.py", "test_guards*.py", "test_chain.py")
COMPARED = {"<>": "=", ">=": ">", "<=": "<", ">": ">=", "<": "<="}
_COMPARISON = re.compile(r"(?<=[\w)'\"] )(<>|>=|<=|<|>)(?= [\w('\"-])")
_TRIGGER = re.compile(r"^CREATE (?:CONSTRAINT )?TRIGGER .*?;\n", re.DOTALL | re.MULTILINE)
#: One more condition of a WHERE that fits on a line of its own.
_CONDITION = re.compile(r"^ *(?:AND|OR) [^\n]*(?=\n)", re.MULTILINE)
#: A statement that makes or drops a function or trigger, up to the next one.
_MADE = re.compile(
    r"^(?:CREATE(?: OR REPLACE)?|DROP)(?: CONSTRAINT)? (FUNCTION \w+|TRIGGER \w+)"
    r".*?(?=^(?:CREATE|DROP|ALTER)\b|\Z)",
    re.DOTALL | re.MULTILINE,
)
_RULE = re.compile(r'"""\s*SELECT .*?"""', re.DOTALL)


def faults(root: Path) -> Iterator[Fault]:
    """Yield the faults of every guard in force, then those of the checks."""
    texts = {stem: (root / FOLDER / f"{stem}.sql").read_text() for stem in GUARDS}
    for stem, replaced in _replaced(texts).items():
        tests = tuple(f"{_LEDGER}/{name}" for name in (*GUARDS[stem], *AFTERWARDS))
        for fault in _of_guards(f"{FOLDER}/{stem}.sql", texts[stem], tests):
            if not _within(fault.start, replaced):
                yield fault
    for file in sorted((root / PROOF).glob("proof*.py")):
        tests = tuple(f"{_LEDGER}/{name}" for name in PROVED)
        yield from _of_checks(f"{PROOF}/{file.name}", file.read_text(), tests)


def _replaced(texts: dict[str, str]) -> dict[str, list[tuple[int, int]]]:
    """Where each file says what a later statement makes anew or drops."""
    made = [(stem, found) for stem, text in texts.items() for found in _MADE.finditer(text)]
    last = {found[1]: found for _, found in made}
    spans: dict[str, list[tuple[int, int]]] = {stem: [] for stem in texts}
    for stem, found in made:
        if found is not last[found[1]]:
            spans[stem].append(found.span())
    return spans


def _of_guards(path: str, text: str, tests: tuple[str, ...]) -> Iterator[Fault]:
    for found in _TRIGGER.finditer(text):
        yield Fault("dropped trigger", path, found.start(), found.end(), "", tests)
    yield from _weakened(path, text, tests)


def _of_checks(path: str, text: str, tests: tuple[str, ...]) -> Iterator[Fault]:
    for found in _RULE.finditer(text):
        if "LIMIT" in found[0]:
            nothing = '"""SELECT \'\' WHERE false"""'
            yield Fault("blind check", path, found.start(), found.end(), nothing, tests)
    yield from _weakened(path, text, tests)


def _weakened(path: str, text: str, tests: tuple[str, ...]) -> Iterator[Fault]:
    commented = [(m.start(), m.end()) for m in re.finditer(r"--[^\n]*|# [^\n]*", text)]
    for found in _COMPARISON.finditer(text):
        if not _within(found.start(), commented):
            new = COMPARED[found[1]]
            yield Fault("wrong comparison", path, found.start(), found.end(), new, tests)
    for found in _CONDITION.finditer(text):
        line = found[0]
        balanced = line.count("(") == line.count(")")
        if balanced and not line.rstrip().endswith((";", " THEN")):
            yield Fault("dropped condition", path, found.start(), found.end(), "", tests)


def _within(place: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)
