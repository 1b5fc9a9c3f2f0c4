"""Settlements of processors and funding of rails, first seen at the bank."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from apps.accounts.models import Profile, User
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.ledger.models import Entry
from apps.finance.reconciliation import errors, selectors
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.choices import Counter
from apps.finance.reconciliation.models import (
    Match,
    ReconciliationException,
    StatementLine,
    StatementSource,
)
from tests.finance.reconciliation.given import (
    a_file,
    a_matched,
    a_row,
    a_sale,
    a_source,
    types_of,
)

pytestmark = pytest.mark.django_db
Staff = Callable[..., User]


def usd(text: str) -> Money:
    return Money.of(text, "USD")


def of(code: str, owner: str = "") -> Money:
    return ledger.balance_of(postings.AccountRef(code, owner), "USD")


def a_bank(**changes: Any) -> StatementSource:
    given: dict[str, Any] = {"name": "Main bank", "code": "1000", "owner": "bank:main"}
    return a_source(**given | changes)


def settled(
    *, gross: str = "50.00", fees: str = "4.00", reserve: str = "2.50", **more: Any
) -> reconciliation.Settlement:
    return reconciliation.Settlement(
        gateway=more.pop("gateway", "ccbill"),
        gross=usd(gross),
        fees=usd(fees),
        fees_expected=usd(more.pop("expected", fees)),
        reserve=usd(reserve),
        **more,
    )


def at_the_bank() -> ReconciliationException:
    return ReconciliationException.objects.get(state="OPEN", statement__source__code="1000")


@pytest.fixture
def ada(staff: Staff) -> User:
    return staff("finance")


def settle(by: User, now: datetime, settlement: Any = None, **more: Any) -> Any:
    return reconciliation.post_settlement(
        exception_id=more.pop("exception_id", None) or at_the_bank().pk,
        settlement=settlement or settled(),
        by=by,
        reason="Their settlement of the week.",
        now=now,
        **more,
    )


def test_a_settlement_at_the_bank_is_booked_and_matched_on_both_sides(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    """The processor's statement has sales net of fees, the reserve and the payout."""
    a_sale(fan, creator, "S1")
    a_sale(fan, creator, "S2")
    processor = a_source(compares="GROSS")
    theirs = a_matched(
        processor,
        a_row("S1", "23.00", fee="2.00"),
        a_row("S2", "23.00", fee="2.00"),
        a_row("P1", "-43.50"),
        a_row("R1", "-2.50"),
        now=now,
    )
    assert types_of(theirs) == [("EXTRA", -4350), ("EXTRA", -250)]
    file = a_file(a_row("CCBILL P1", "43.50", on=date(2026, 1, 14)), a_row("X", "-1.00"))
    bank = a_matched(a_bank(), now=now, file=file)
    found = bank.exceptions.get(difference_minor=4350)
    lines = list(StatementLine.objects.filter(reference__in=["P1", "R1"]))

    done = settle(
        staff("finance"),
        now,
        settled(expected="3.00"),
        exception_id=found.pk,
        line_ids=[line.pk for line in lines],
    )

    assert (done.state, done.entry_source) == ("RESOLVED", f"settlement:{found.pk}")
    entry = Entry.objects.get(source=done.entry_source)
    assert (entry.kind, entry.effective_on) == ("SETTLEMENT_RECEIVED", date(2026, 1, 14))
    assert of("1000", "bank:main") == usd("43.50")
    assert of("1100", "processor:ccbill") == usd("0.00")
    assert of("1150", "processor:ccbill") == usd("2.50")
    assert of("2200") == usd("-3.00")
    assert of("5100") == usd("1.00")
    assert of("2900") == usd("0.00")
    theirs.refresh_from_db()
    bank.refresh_from_db()
    assert (theirs.state, theirs.matched_count) == ("COMPLETE", 4)
    assert types_of(bank) == [("EXTRA", -100)]
    for statement in (theirs, bank):
        assert selectors.proof_of(statement).holds
    assert sorted(
        Match.objects.filter(rule="POSTED").values_list("source__code", "difference_minor")
    ) == [("1000", 0), ("1100", 400)]


def test_a_settlement_is_booked_once(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "50.00")
    bank = a_matched(a_bank(), a_row("P1", "43.50"), now=now)
    ada, found = staff("finance"), at_the_bank()
    settle(ada, now)

    with pytest.raises(errors.ExceptionDecided):
        settle(ada, now, exception_id=found.pk)
    match = reconciliation.undo_match(
        match_id=Match.objects.get().pk, by=ada, reason="A slip.", now=now
    )
    again = bank.exceptions.get(state="OPEN", type="EXTRA")
    with pytest.raises(errors.PostedBefore):
        settle(ada, now, exception_id=again.pk)
    with pytest.raises(errors.PostedBefore):
        reconciliation.post_difference(
            exception_id=again.pk, counter=Counter.SUSPENSE, effective_on=None, by=ada,
            reason="Once more.", now=now,
        )  # fmt: skip
    assert of("1000", "bank:main") == usd("43.50")
    reconciliation.match_by_hand(
        statement_id=bank.pk, line_ids=match.undone_parts["lines"],
        item_ids=match.undone_parts["items"], by=ada, reason="It was.", now=now,
    )  # fmt: skip
    bank.refresh_from_db()
    assert bank.state == "COMPLETE"


@pytest.mark.parametrize(
    "wrong",
    [
        (settled(gross="51.00"), errors.NotAddingUp),
        (settled(fees="-4.00"), errors.NotAddingUp),
        (settled(gross="-50.00"), errors.NotAddingUp),
        (settled(gateway="ccbil"), errors.AccountUnknown),
        (settled(gateway=""), errors.AccountUnknown),
        (settled()._replace(gross=Money.of("50.00", "EUR")), errors.NotAddingUp),
    ],
)
def test_what_does_not_explain_the_line_is_refused(
    fan: Profile, creator: Profile, ada: User, now: datetime, wrong: tuple[Any, Any]
) -> None:
    settlement, error = wrong
    a_sale(fan, creator, "S1", "50.00")
    a_matched(a_bank(), a_row("P1", "43.50"), now=now)
    entries = Entry.objects.count()

    with pytest.raises(error):
        settle(ada, now, settlement)

    assert Entry.objects.count() == entries
    assert at_the_bank().proposal == {}


def test_what_nobody_explains_goes_to_suspense_when_asked(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "50.00")
    a_matched(a_bank(), a_row("P1", "43.00"), now=now)

    settle(staff("finance"), now, settled(rest_to_suspense=True))

    assert of("2900") == usd("-0.50")
    assert of("1100", "processor:ccbill") == usd("0.00")


def test_chosen_lines_must_be_free_and_of_this_payout(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "50.00")
    theirs = a_matched(
        a_source(), a_row("S1", "50.00"), a_row("P1", "-50.00"), a_row("P2", "-9.00"), now=now
    )
    bank = a_matched(a_bank(), a_row("P1", "43.50"), now=now)
    ada = staff("finance")
    ours = {line.reference: line.pk for line in theirs.lines.all()}
    entries = Entry.objects.count()
    for lines, error in (
        ([ours["S1"]], errors.LineTaken),
        ([ours["P2"]], errors.SumsDiffer),
        ([bank.lines.get().pk], errors.LineTaken),
        ([10**15], errors.LineTaken),
    ):
        with pytest.raises(error):
            settle(ada, now, line_ids=lines)
    assert Entry.objects.count() == entries

    settle(ada, now, line_ids=[ours["P1"]])
    theirs.refresh_from_db()
    assert (types_of(theirs), of("1100", "processor:ccbill")) == ([("EXTRA", -900)], usd("0.00"))


def test_from_the_limit_on_two_people_say_the_same_of_the_gross_amount(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    """What came is far below the limit; what leaves clearing is not."""
    a_sale(fan, creator, "S1", "1000.00")
    a_matched(a_bank(), a_row("P1", "43.50"), now=now)
    ada, bea = staff("finance"), staff("finance")
    large = settled(gross="1000.00", fees="956.50", reserve="0.00")

    assert settle(ada, now, large).state == "OPEN"
    with pytest.raises(errors.SecondPersonNeeded):
        settle(ada, now, large)
    other = settled(gross="1000.00", fees="956.50", expected="0.00", reserve="0.00")
    assert settle(bea, now, other).state == "OPEN"
    assert of("1000", "bank:main") == usd("0.00")
    assert settle(ada, now, other).state == "RESOLVED"
    assert (of("1000", "bank:main"), of("5100")) == (usd("43.50"), usd("956.50"))


def test_only_a_free_line_of_a_bank_is_a_settlement(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "50.00")
    a_matched(a_source(), a_row("S1", "50.00"), a_row("P1", "43.50"), now=now)
    ada = staff("finance")
    theirs = ReconciliationException.objects.get()
    with pytest.raises(errors.NotForThisType):
        settle(ada, now, exception_id=theirs.pk)
    a_matched(a_bank(), a_row("P1", "-43.50"), now=now)
    with pytest.raises(errors.NotForThisType):
        settle(ada, now)
    with pytest.raises(errors.ReasonMissing):
        reconciliation.post_settlement(
            exception_id=at_the_bank().pk, settlement=settled(), by=ada, reason=" ", now=now
        )
    assert of("1100", "processor:ccbill") == usd("50.00")


def test_money_sent_to_a_rail_is_booked_and_matched_on_both_sides(
    staff: Staff, now: datetime
) -> None:
    ada = staff("finance")
    rail = a_source(name="Paxum", code="1200", owner="rail:PAXUM")
    theirs = a_matched(rail, a_row("F1", "500.00"), now=now)
    bank = a_matched(a_bank(), a_row("W1", "-510.00"), now=now)
    wanted: dict[str, Any] = {
        "exception_id": at_the_bank().pk, "rail": "PAXUM", "by": ada,
        "reason": "For Friday.", "now": now,
    }  # fmt: skip
    with pytest.raises(errors.AccountUnknown):
        reconciliation.post_funding(**wanted | {"rail": "PAXOM"}, fee=usd("10.00"))
    with pytest.raises(errors.NotAddingUp):
        reconciliation.post_funding(**wanted, fee=usd("510.00"))

    done = reconciliation.post_funding(
        **wanted, fee=usd("10.00"), line_ids=[theirs.lines.get().pk]
    )

    assert done.entry_source == f"funding:{done.pk}"
    assert of("1000", "bank:main") == usd("-510.00")
    assert (of("1200", "rail:PAXUM"), of("5200")) == (usd("500.00"), usd("10.00"))
    for statement in (theirs, bank):
        statement.refresh_from_db()
        assert statement.state == "COMPLETE"
        assert selectors.proof_of(statement).holds
