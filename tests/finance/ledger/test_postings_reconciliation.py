"""Worked examples: the books follow a statement that shows otherwise."""

from __future__ import annotations

from datetime import date

import pytest

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings import AccountRef, Draft
from tests.finance.ledger.stories import journal


def difference(minor: int) -> Draft:
    return postings.difference_posted(
        exception_id=9,
        account=AccountRef("1000", "bank:main"),
        counter=AccountRef("5900"),
        difference=Money(minor, "USD"),
        effective_on=date(2026, 1, 31),
        actor_id=3,
        memo="Bank's fee of January",
    )


@pytest.mark.parametrize(
    ("minor", "lines"),
    [
        (2_50, ["Dr 1000 bank:main 2.50", "Cr 5900 2.50"]),
        (-2_50, ["Dr 5900 2.50", "Cr 1000 bank:main 2.50"]),
    ],
)
def test_a_difference_moves_the_account_the_way_its_statement_shows(
    minor: int, lines: list[str]
) -> None:
    assert journal(difference(minor)) == lines


def test_names_the_exception_the_day_and_who_decided() -> None:
    draft = difference(2_50)

    assert (draft.kind, draft.source) == (EntryKind.RECONCILED, "reconciliation:9")
    assert (draft.effective_on, draft.actor_id) == (date(2026, 1, 31), 3)
    assert draft.memo == "Bank's fee of January"


def test_no_difference_is_no_entry() -> None:
    assert difference(0).movements == ()
