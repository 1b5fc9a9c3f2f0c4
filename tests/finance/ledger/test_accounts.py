"""Closing and freezing accounts: what they refuse, who did it, how it is undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.finance.ledger import errors
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Account, Balance
from tests.factories.accounts import UserFactory
from tests.finance.ledger.test_concurrency import at_once
from tests.finance.ledger.test_holds import WALLET, deposit, place, tip, usd

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> User:
    return UserFactory.create(is_staff=True)


@pytest.fixture
def wallet(transactional_caller: None, now: datetime) -> Account:
    ledger.post(deposit(), now=now)
    return Account.objects.get(code="2000")


def audited() -> list[tuple[str, str]]:
    return list(
        AuditRecord.objects.filter(action__startswith="ledger.")
        .order_by("pk")
        .values_list("action", "reason")
    )


class TestClosing:
    def test_ends_an_empty_account_until_it_is_reopened(
        self, wallet: Account, by: User, now: datetime
    ) -> None:
        ledger.post(tip("100.00"), now=now)

        ledger.close_account(account_id=wallet.pk, by=by, reason="Fan left", now=now)
        ledger.close_account(account_id=wallet.pk, by=by, reason="Fan left", now=now)
        with pytest.raises(errors.AccountClosed):
            ledger.post(deposit("5.00", 9), now=now)
        ledger.reopen_account(account_id=wallet.pk, by=by, reason="Came back", now=now)
        ledger.post(deposit("5.00", 9), now=now)

        assert books.balance_of(WALLET, "USD") == usd("5.00")
        assert audited() == [
            ("ledger.account_closed", "Fan left"),
            ("ledger.account_reopened", "Came back"),
        ]

    def test_refuses_an_account_with_money(self, wallet: Account, by: User, now: datetime) -> None:
        with pytest.raises(errors.AccountNotEmpty) as refusal:
            ledger.close_account(account_id=wallet.pk, by=by, reason="x", now=now)

        assert refusal.value.facts["balance_minor"] == -100_00
        assert Account.objects.get(pk=wallet.pk).closed_at is None
        assert Balance.objects.get(account=wallet).is_open
        assert audited() == []

    def test_refuses_a_shared_account_whose_rows_add_up_to_something(
        self, wallet: Account, by: User, now: datetime
    ) -> None:
        clearing = Account.objects.get(code="1100")
        assert clearing.stripes > 1

        with pytest.raises(errors.AccountNotEmpty):
            ledger.close_account(account_id=clearing.pk, by=by, reason="x", now=now)

    def test_needs_a_reason_and_an_account(self, wallet: Account, by: User, now: datetime) -> None:
        with pytest.raises(errors.ReasonNeeded):
            ledger.close_account(account_id=wallet.pk, by=by, reason=" ", now=now)
        with pytest.raises(errors.AccountNotFound):
            ledger.close_account(account_id=0, by=by, reason="x", now=now)


class TestFreezing:
    @pytest.mark.parametrize("attempt", [lambda now: ledger.post(tip("1.00"), now=now), lambda now: place("1.00", now)])  # fmt: skip  # noqa: E501
    def test_keeps_money_and_refuses_lines_and_holds(
        self, wallet: Account, by: User, now: datetime, attempt: Callable[[datetime], object]
    ) -> None:
        ledger.freeze_account(account_id=wallet.pk, by=by, reason="Court order", now=now)

        with pytest.raises(errors.AccountClosed):
            attempt(now)

        assert books.available_of(WALLET, "USD") == usd("100.00")
        ledger.unfreeze_account(account_id=wallet.pk, by=by, reason="Lifted", now=now)
        attempt(now)
        assert books.available_of(WALLET, "USD") == usd("99.00")
        assert audited() == [
            ("ledger.account_frozen", "Court order"),
            ("ledger.account_unfrozen", "Lifted"),
        ]

    def test_refuses_to_capture_and_leaves_the_hold(
        self, wallet: Account, by: User, now: datetime
    ) -> None:
        hold = place("10.00", now)
        ledger.freeze_account(account_id=wallet.pk, by=by, reason="Court order", now=now)

        with pytest.raises(errors.AccountClosed):
            ledger.capture_hold(hold_id=hold.pk, draft=tip("10.00"), now=now)

        hold.refresh_from_db()
        assert hold.open_minor == 10_00


@pytest.mark.django_db(transaction=True)
def test_an_account_closed_while_money_comes_is_either_empty_or_open(now: datetime) -> None:
    by = UserFactory.create(is_staff=True)
    with transaction.atomic():
        ledger.post_many([deposit("1.00"), tip("1.00")], now=now)
    wallet = Account.objects.get(code="2000")

    def work(i: int) -> None:
        if i == 0:
            ledger.close_account(account_id=wallet.pk, by=by, reason="x", now=now)
        else:
            ledger.post(deposit("1.00", 100 + i), now=now)

    ended = at_once(8, work)

    wallet.refresh_from_db()
    balance = books.balance_of(WALLET, "USD")
    assert set(ended) <= {"done", "ledger.account_closed", "ledger.account_not_empty"}
    assert (wallet.closed_at is None) == (Money(0, "USD") < balance)
    assert ledger.check_books(now=now).ok
