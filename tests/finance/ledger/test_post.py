"""Posting: what moves, what a replay does, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Account, Balance, Entry, Line
from apps.finance.ledger.postings import AccountRef, Draft, Movement, credit, debit

pytestmark = pytest.mark.django_db

USD = "USD"


def usd(text: str) -> Money:
    return Money.of(text, USD)


def tip(transaction_id: int = 1, creator_id: int = 7, amount: str = "100.00") -> Draft:
    return postings.tip_by_card(
        transaction_id=transaction_id,
        creator_id=creator_id,
        gateway="ccbill",
        amount=usd(amount),
        platform_fee=usd("15.00"),
        processing_fee=usd("5.00"),
        cluster="boyfanz",
    )


def reserve(payout_id: int, amount: str) -> Draft:
    return postings.payout_reserved(
        payout_id=payout_id, creator_id=7, amount=usd(amount), cluster="boyfanz"
    )


def draft(*movements: Movement, source: str = "test:1") -> Draft:
    return Draft(EntryKind.TIP_CARD, source, movements)


@pytest.fixture(autouse=True)
def _transaction(transactional_caller: None) -> None:
    """Every test posts inside a transaction of its own, as a service would."""


class TestPost:
    def test_moves_each_account_it_names(self, now: datetime) -> None:
        posted = ledger.post(tip(), now=now)

        assert posted.number == f"JE-2026-{posted.entry_id:06d}"
        assert not posted.replayed
        assert books.balance_of(postings.processor_clearing("ccbill"), USD) == usd("100.00")
        assert books.balance_of(postings.creator_payable(7), USD) == usd("80.00")
        assert books.balance_of(postings.PLATFORM_REVENUE, USD) == usd("15.00")
        assert books.balance_of(postings.PROCESSOR_FEES_PAYABLE, USD) == usd("5.00")

    def test_opens_accounts_as_the_chart_says(self, now: datetime) -> None:
        ledger.post(tip(), now=now)

        payable = Account.objects.get(code="2100")
        assert (payable.owner, payable.type, payable.normal_side) == (
            "profile:7",
            "LIABILITY",
            "CREDIT",
        )
        assert (payable.allows_overdraft, payable.stripes) == (False, 1)
        assert Account.objects.get(code="4000").balances.count() == 16

    def test_posts_a_source_once_and_returns_the_first_entry_again(self, now: datetime) -> None:
        first = ledger.post(tip(), now=now)

        again = ledger.post(tip(), now=now)

        assert again == first._replace(replayed=True)
        assert Entry.objects.count() == 1
        assert books.balance_of(postings.creator_payable(7), USD) == usd("80.00")

    def test_refuses_a_source_with_other_content(self, now: datetime) -> None:
        ledger.post(tip(), now=now)

        with pytest.raises(errors.SourceReused) as refusal:
            ledger.post(tip(amount="90.00"), now=now)

        assert refusal.value.facts == {"source": "transaction:1:captured"}
        assert books.balance_of(postings.creator_payable(7), USD) == usd("80.00")

    def test_refuses_an_overdraft_and_lets_the_caller_go_on(self, now: datetime) -> None:
        ledger.post(tip(), now=now)

        with pytest.raises(errors.InsufficientFunds) as refusal:
            ledger.post(reserve(1, "80.01"), now=now)
        ledger.post(reserve(2, "80.00"), now=now)

        assert refusal.value.facts["available_minor"] == 80_00
        assert books.balance_of(postings.creator_payable(7), USD) == usd("0.00")
        assert books.balance_of(postings.PAYOUTS_IN_TRANSIT, USD) == usd("80.00")

    @pytest.mark.parametrize(
        ("movements", "refusal"),
        [
            ((debit(AccountRef("1000", "bank:main"), usd("1.00")),), errors.Unbalanced),
            ((), errors.Unbalanced),
            (
                (
                    debit(AccountRef("1000", "bank:main"), usd("1.00")),
                    credit(AccountRef("4000"), usd("0.99")),
                ),
                errors.Unbalanced,
            ),
            (
                (
                    debit(AccountRef("1000", "bank:main"), usd("1.00")),
                    credit(AccountRef("4000"), Money.of("1.00", "EUR")),
                ),
                errors.Unbalanced,
            ),
            (
                (
                    debit(AccountRef("1000", "bank:main"), usd("1.00")),
                    credit(AccountRef("9999"), usd("1.00")),
                ),
                errors.UnknownAccount,
            ),
            (
                (
                    debit(AccountRef("1000", "bank:main"), usd("1.00")),
                    credit(AccountRef("2000"), usd("1.00")),
                ),
                errors.UnknownAccount,
            ),
            (
                (
                    debit(AccountRef("1000", "rail:x"), usd("1.00")),
                    credit(AccountRef("4000"), usd("1.00")),
                ),
                errors.UnknownAccount,
            ),
            (
                (
                    debit(AccountRef("1000", "bank:main"), usd("0.00")),
                    credit(AccountRef("4000"), usd("0.00")),
                ),
                errors.AmountOutOfRange,
            ),
            (
                (
                    debit(AccountRef("1000", "bank:main"), Money(2**63, USD)),
                    credit(AccountRef("4000"), Money(2**63, USD)),
                ),
                errors.AmountOutOfRange,
            ),
            (
                (
                    debit(AccountRef("1000", "bank:main"), Money(2**62, USD)),
                    debit(AccountRef("1000", "bank:main"), Money(2**62, USD)),
                    credit(AccountRef("4000"), Money(2**62, USD)),
                    credit(AccountRef("4000"), Money(2**62, USD)),
                ),
                errors.AmountOutOfRange,
            ),
        ],
    )
    def test_refuses_and_writes_nothing(self, now, movements, refusal) -> None:
        with pytest.raises(refusal):
            ledger.post(draft(*movements), now=now)

        assert not Entry.objects.exists()
        assert not Line.objects.exists()
        assert not Account.objects.exists()
        assert not Balance.objects.exists()

    @pytest.mark.parametrize(
        "text", ["a\x1fb", "a\0b", "half \ud83d of a pair"], ids=["separator", "nul", "half"]
    )
    @pytest.mark.parametrize("field", ["source", "memo", "cluster"])
    def test_refuses_text_that_is_none_or_reads_as_two_fields(self, now, text, field) -> None:
        odd = tip()._replace(**{field: text})
        if (field, text) == ("source", "a\x1fb"):
            assert not ledger.post(odd, now=now).replayed  # it is no part of the hash
            return

        with pytest.raises(errors.Malformed):
            ledger.post(odd, now=now)

        assert not Entry.objects.exists()

    @pytest.mark.parametrize(
        "text",
        ["'; DROP TABLE x; --", 'a"b\\c', "{a,NULL}", "NULL", "\u2028\u202e\t\n", ",", "\u2003"],
    )
    def test_keeps_every_other_text_as_it_is(self, now, text) -> None:
        odd = tip()._replace(source=text, memo=text, cluster=text)

        ledger.post(odd, now=now)

        entry = Entry.objects.get()
        assert (entry.source, entry.memo, entry.cluster) == (text, text, text)
        assert ledger.post(odd, now=now).replayed
        with pytest.raises(errors.SourceReused):
            ledger.post(odd._replace(memo=text + " "), now=now)

    def test_refuses_more_lines_than_an_entry_can_count(self, now: datetime) -> None:
        penny = tip().movements[0]._replace(amount=usd("0.01"))
        takes = penny._replace(amount=usd("-0.01"))

        with pytest.raises(errors.Malformed):
            ledger.post(draft(*[penny, takes] * 2**14), now=now)

        assert not Entry.objects.exists()

    def test_a_replay_after_new_year_has_the_number_of_its_entry(self) -> None:
        eve = datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
        first = ledger.post(tip(), now=eve)

        again = ledger.post(tip(), now=eve + timedelta(minutes=2))

        assert (again.number, again.replayed) == (first.number, True)
        assert first.number == Entry.objects.get().number

    def test_refuses_a_frozen_account(self, now: datetime) -> None:
        ledger.post(tip(), now=now)
        Account.objects.filter(code="2100").update(is_frozen=True)

        with pytest.raises(errors.AccountClosed):
            ledger.post(tip(2), now=now)

        Account.objects.filter(code="2100").update(is_frozen=False)
        ledger.post(tip(2), now=now)
        assert books.balance_of(postings.creator_payable(7), USD) == usd("160.00")


class TestPostMany:
    def test_answers_in_the_order_given(self, now: datetime) -> None:
        old = ledger.post(tip(3), now=now)

        posted = ledger.post_many([tip(9), tip(3), tip(1), tip(9)], now=now)

        assert [p.replayed for p in posted] == [False, True, False, True]
        assert posted[1].entry_id == old.entry_id
        assert posted[3].entry_id == posted[0].entry_id
        assert Entry.objects.count() == 3
        assert books.balance_of(postings.creator_payable(7), USD) == usd("240.00")

    def test_is_all_or_nothing(self, now: datetime) -> None:
        with pytest.raises(errors.InsufficientFunds):
            ledger.post_many([tip(1), reserve(1, "80.01")], now=now)

        assert not Entry.objects.exists()
        assert ledger.post_many([], now=now) == []

    def test_refuses_one_source_twice_with_other_content(self, now: datetime) -> None:
        with pytest.raises(errors.SourceReused):
            ledger.post_many([tip(1), tip(1, amount="90.00")], now=now)

        assert not Entry.objects.exists()
