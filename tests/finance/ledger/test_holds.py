"""Holds: money promised cannot be spent, until it is captured, released or expires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.db.models import F

from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind, HoldState
from apps.finance.ledger.models import Account, Balance, Entry, Hold
from apps.finance.ledger.postings import AccountRef, Draft

pytestmark = pytest.mark.django_db
WALLET = postings.wallet(3)
FAR = datetime(2099, 1, 1, tzinfo=UTC)


def usd(text: str) -> Money:
    return Money.of(text, "USD")


def deposit(amount: str = "100.00", number: int = 1) -> Draft:
    return postings.wallet_deposit(
        transaction_id=number,
        fan_id=3,
        gateway="ccbill",
        amount=usd(amount),
        processing_fee=usd("0.00"),
        cluster="boyfanz",
    )


def tip(amount: str, number: int = 2) -> Draft:
    return postings.tip_from_wallet(
        transaction_id=number,
        fan_id=3,
        creator_id=7,
        amount=usd(amount),
        platform_fee=usd("0.00"),
        cluster="boyfanz",
    )


def place(amount: str, now: datetime, source: str = "order:1", **more: object) -> Hold:
    return ledger.place_hold(account=WALLET, amount=usd(amount), source=source, now=now, **more)  # type: ignore[arg-type]


def stands() -> tuple[Money, Money]:
    """Return what is posted in the wallet, and what is available of it."""
    return books.balance_of(WALLET, "USD"), books.available_of(WALLET, "USD")


@pytest.fixture(autouse=True)
def _hundred_in_the_wallet(transactional_caller: None, now: datetime) -> None:
    ledger.post(deposit(), now=now)


class TestPlacing:
    def test_keeps_money_that_nothing_else_can_spend(self, now: datetime) -> None:
        hold = place("70.00", now)

        assert (hold.state, hold.open_minor) == (HoldState.OPEN, 70_00)
        assert stands() == (usd("100.00"), usd("30.00"))
        with pytest.raises(errors.InsufficientFunds) as refusal:
            ledger.post(tip("30.01"), now=now)
        assert refusal.value.facts["available_minor"] == 30_00
        ledger.post(tip("30.00"), now=now)
        assert stands() == (usd("70.00"), usd("0.00"))

    def test_is_done_once_for_a_source(self, now: datetime) -> None:
        first = place("70.00", now)

        assert place("70.00", now).pk == first.pk
        with pytest.raises(errors.SourceReused):
            place("60.00", now)

        assert stands() == (usd("100.00"), usd("30.00"))

    @pytest.mark.parametrize(
        ("amount", "refusal"),
        [
            ("100.01", errors.InsufficientFunds),
            ("0.00", errors.CannotHold),
            ("-1.00", errors.CannotHold),
        ],
    )
    def test_refuses_more_than_there_is_and_nothing(
        self, now: datetime, amount: str, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            place(amount, now)

        assert not Hold.objects.exists()
        assert stands() == (usd("100.00"), usd("100.00"))

    def test_refuses_accounts_that_may_be_overdrawn_or_do_not_exist(self, now: datetime) -> None:
        for account, refusal in (
            (postings.processor_clearing("ccbill"), errors.CannotHold),
            (postings.wallet(4), errors.InsufficientFunds),
            (AccountRef("9999"), errors.UnknownAccount),
        ):
            with pytest.raises(refusal):
                ledger.place_hold(account=account, amount=usd("1.00"), source="x", now=now)

        assert not Hold.objects.exists()

    def test_refuses_a_frozen_account(self, now: datetime) -> None:
        Account.objects.filter(code="2000").update(is_frozen=True)

        with pytest.raises(errors.AccountClosed):
            place("1.00", now)

        assert stands() == (usd("100.00"), usd("100.00"))


class TestCapturing:
    def test_takes_all_of_it(self, now: datetime) -> None:
        hold = place("70.00", now)

        posted = ledger.capture_hold(hold_id=hold.pk, draft=tip("70.00"), now=now)

        hold.refresh_from_db()
        assert not posted.replayed
        assert (hold.state, hold.captured_minor, hold.ended_at) == ("CAPTURED", 70_00, now)
        assert stands() == (usd("30.00"), usd("30.00"))
        assert books.balance_of(postings.creator_payable(7), "USD") == usd("70.00")

    def test_takes_a_part_and_gives_back_the_rest(self, now: datetime) -> None:
        hold = place("70.00", now)

        ledger.capture_hold(hold_id=hold.pk, draft=tip("50.00"), now=now)

        hold.refresh_from_db()
        assert (hold.state, hold.captured_minor, hold.released_minor) == ("CAPTURED", 50_00, 20_00)
        assert stands() == (usd("50.00"), usd("50.00"))

    def test_takes_it_in_parts(self, now: datetime) -> None:
        hold = place("70.00", now)

        ledger.capture_hold(hold_id=hold.pk, draft=tip("50.00"), now=now, final=False)
        assert stands() == (usd("50.00"), usd("30.00"))
        with pytest.raises(errors.HoldTooSmall):
            ledger.capture_hold(hold_id=hold.pk, draft=tip("20.01", 3), now=now, final=False)
        ledger.capture_hold(hold_id=hold.pk, draft=tip("20.00", 4), now=now, final=False)

        hold.refresh_from_db()
        assert (hold.state, hold.captured_minor) == ("CAPTURED", 70_00)
        assert stands() == (usd("30.00"), usd("30.00"))

    def test_again_with_the_same_event_moves_nothing(self, now: datetime) -> None:
        hold = place("70.00", now)
        first = ledger.capture_hold(hold_id=hold.pk, draft=tip("20.00"), now=now, final=False)

        again = ledger.capture_hold(hold_id=hold.pk, draft=tip("20.00"), now=now, final=False)

        assert again == first._replace(replayed=True)
        assert stands() == (usd("80.00"), usd("30.00"))

    def test_refuses_a_draft_that_takes_nothing_from_the_account(self, now: datetime) -> None:
        hold = place("70.00", now)

        for draft in (deposit("5.00", 9), tip("70.01")):
            with pytest.raises(errors.HoldTooSmall):
                ledger.capture_hold(hold_id=hold.pk, draft=draft, now=now)

        assert Entry.objects.count() == 1
        assert stands() == (usd("100.00"), usd("30.00"))

    def test_leaves_the_hold_as_it_was_when_the_entry_is_refused(self, now: datetime) -> None:
        hold = place("70.00", now)
        wrong = Draft(EntryKind.WALLET_DEPOSIT, "event:9", tip("70.00").movements)

        with pytest.raises(errors.KindNotAllowed):
            ledger.capture_hold(hold_id=hold.pk, draft=wrong, now=now)

        hold.refresh_from_db()
        assert hold.state == HoldState.OPEN
        assert stands() == (usd("100.00"), usd("30.00"))


class TestReleasing:
    def test_gives_back_a_part_then_the_rest_and_knows_a_repetition(self, now: datetime) -> None:
        hold = place("70.00", now)

        ledger.release_hold(hold_id=hold.pk, amount=usd("20.00"), now=now)
        assert stands() == (usd("100.00"), usd("50.00"))
        for _ in range(2):
            released = ledger.release_hold(hold_id=hold.pk, now=now)

        assert (released.state, released.released_minor) == ("RELEASED", 70_00)
        assert stands() == (usd("100.00"), usd("100.00"))

    def test_refuses_what_is_ended_too_much_or_unknown(self, now: datetime) -> None:
        hold = place("70.00", now)
        for amount, refusal in (
            (usd("70.01"), errors.HoldTooSmall),
            (usd("0.00"), errors.HoldTooSmall),
            (Money(1, "EUR"), errors.WrongCurrency),
        ):
            with pytest.raises(refusal):
                ledger.release_hold(hold_id=hold.pk, amount=amount, now=now)
        ledger.capture_hold(hold_id=hold.pk, draft=tip("70.00"), now=now)

        with pytest.raises(errors.HoldEnded):
            ledger.release_hold(hold_id=hold.pk, now=now)
        with pytest.raises(errors.HoldEnded):
            ledger.capture_hold(hold_id=hold.pk, draft=tip("1.00", 8), now=now)
        with pytest.raises(errors.HoldNotFound):
            ledger.release_hold(hold_id=0, now=now)

        assert stands() == (usd("30.00"), usd("30.00"))

    def test_is_possible_while_the_account_is_frozen(self, now: datetime) -> None:
        hold = place("70.00", now)
        Account.objects.filter(code="2000").update(is_frozen=True)

        ledger.release_hold(hold_id=hold.pk, now=now)

        assert stands() == (usd("100.00"), usd("100.00"))


class TestExpiring:
    def test_gives_back_what_is_due_and_nothing_else(self, now: datetime) -> None:
        hour = timedelta(hours=1)
        due = place("10.00", now, "order:1", expires_at=now + hour)
        part = place("20.00", now, "order:2", expires_at=now + hour)
        ledger.capture_hold(hold_id=part.pk, draft=tip("5.00"), now=now, final=False)
        later = place("30.00", now, "order:3", expires_at=now + 3 * hour)
        ever = place("1.00", now, "order:4")

        assert ledger.expire_holds(now=now + 2 * hour) == 2
        assert ledger.expire_holds(now=now + 2 * hour) == 0

        ends = {
            h.pk: (h.state, h.captured_minor, h.released_minor)
            for h in Hold.objects.order_by("pk")
        }
        assert ends == {
            due.pk: ("EXPIRED", 0, 10_00),
            part.pk: ("EXPIRED", 5_00, 15_00),
            later.pk: ("OPEN", 0, 0),
            ever.pk: ("OPEN", 0, 0),
        }
        assert stands() == (usd("95.00"), usd("64.00"))
        assert [h.pk for h in books.holds_of(WALLET, "USD")] == sorted(ends, reverse=True)

    def test_refuses_a_hold_that_would_be_over_at_once(self, now: datetime) -> None:
        with pytest.raises(errors.CannotHold):
            place("10.00", now, expires_at=now)


class TestTheDatabase:
    @pytest.mark.parametrize(
        "change",
        [
            {"amount_minor": 1},
            {"captured_minor": -1},
            {"captured_minor": 70_01},
            {"captured_minor": 70_00},
            {"state": "RELEASED"},
            {"state": "EXPIRED", "released_minor": 70_00, "ended_at": FAR},
            {"account_id": F("account_id") + 1},
            {"source": ""},
            {"expires_at": FAR},
        ],
    )
    def test_refuses_moves_that_are_none(self, now: datetime, change: dict[str, object]) -> None:
        place("70.00", now)

        with pytest.raises(DatabaseError), transaction.atomic():
            Hold.objects.update(**change)

        assert stands() == (usd("100.00"), usd("30.00"))

    def test_refuses_to_reopen_remove_or_invent_a_hold(self, now: datetime) -> None:
        hold = place("70.00", now)
        ledger.release_hold(hold_id=hold.pk, now=now)

        for attempt in (
            lambda: Hold.objects.update(state="OPEN", released_minor=0, ended_at=None),
            lambda: Hold.objects.all()._raw_delete("default"),
            lambda: Hold.objects.create(
                account=hold.account, amount_minor=1, released_minor=1, state="RELEASED",
                source="x", placed_at=now, ended_at=now,
            ),
            lambda: Balance.objects.update(held_minor=0),
        ):  # fmt: skip
            with pytest.raises(DatabaseError), transaction.atomic():
                attempt()

        assert stands() == (usd("100.00"), usd("100.00"))
