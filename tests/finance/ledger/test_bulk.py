"""Many entries: what is good is posted, what is not is named; a dry run says it beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind, Outcome, PeriodState
from apps.finance.ledger.models import Account, Entry, Line
from apps.finance.ledger.postings import AccountRef, Draft
from apps.finance.ledger.selectors.proof import prove
from apps.finance.ledger.services import Result
from tests.finance.ledger.stories import month_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
FAN = postings.wallet(3)


def usd(text: str) -> Money:
    return Money.of(text, "USD")


def deposit(number: int, amount: str = "10.00", fan: int = 3) -> Draft:
    return postings.wallet_deposit(
        transaction_id=number, fan_id=fan, gateway="ccbill", amount=usd(amount),
        processing_fee=usd("0.00"), cluster="boyfanz",
    )  # fmt: skip


def spent(number: int, amount: str) -> Draft:
    return postings.tip_from_wallet(
        transaction_id=number, fan_id=3, creator_id=7, amount=usd(amount),
        platform_fee=usd("0.00"), cluster="boyfanz",
    )  # fmt: skip


def raw(source: str, *movements: tuple[str, str, int, str]) -> Draft:
    return Draft(
        EntryKind.CAPITAL_PAID_IN,
        source,
        tuple(
            postings.Movement(AccountRef(code, owner), Money(minor, currency))
            for code, owner, minor, currency in movements
        ),
    )


def capital(source: str, minor: int = 100, currency: str = "USD", bank: str = "main") -> Draft:
    return raw(source, ("1000", f"bank:{bank}", minor, currency), ("3000", "", -minor, currency))


def post_each(drafts: Sequence[Draft]) -> list[Result]:
    with transaction.atomic():
        return ledger.post_each(drafts, now=NOW)


def post_one(draft: Draft) -> None:
    with transaction.atomic():
        ledger.post(draft, now=NOW)


def said(results: Sequence[Result]) -> list[str]:
    return [result.code or result.outcome.value for result in results]


def test_the_good_are_posted_and_the_bad_are_named() -> None:
    drafts = [
        deposit(1),
        spent(2, "4.00"),
        spent(3, "7.00"),
        deposit(1),
        deposit(1, "11.00"),
        raw("capital:9", ("1000", "bank:main", 1, "USD"), ("3000", "", -2, "USD")),
        raw("capital:8", ("9999", "", 1, "USD"), ("3000", "", -1, "USD")),
        spent(4, "6.00"),
    ]

    results = post_each(drafts)

    assert said(results) == [
        "POSTED", "POSTED", "ledger.insufficient_funds", "REPLAYED", "ledger.source_reused",
        "ledger.unbalanced", "ledger.unknown_account", "POSTED",
    ]  # fmt: skip
    assert [result.source for result in results] == [draft.source for draft in drafts]
    assert results[2].facts is not None
    assert results[2].facts["account"] == "2000"
    assert Entry.objects.count() == 3
    assert books.balance_of(FAN, "USD") == usd("0.00")
    assert books.balance_of(postings.creator_payable(7), "USD") == usd("10.00")
    assert prove().findings == []


def test_is_one_statement_for_each_chunk_when_all_is_well() -> None:
    drafts = [deposit(number) for number in range(1, 1101)]
    post_each(drafts[:1])

    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        results = ledger.post_each(drafts, now=NOW)

    assert len(queries) == 2 + 3 + 1  # the locks of all, three chunks, the day of the old one
    assert said(results) == ["REPLAYED"] + ["POSTED"] * 1099
    assert books.balance_of(FAN, "USD") == usd("11000.00")


def test_one_bad_entry_costs_a_few_statements_more() -> None:
    drafts = [deposit(number) for number in range(1, 501)]
    drafts[321] = deposit(322, "0.00")

    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        results = ledger.post_each(drafts, now=NOW)

    # ten halvings of 500: each locks, and posts the half without fault
    assert len(queries) <= 4 * 10
    assert [result.source for result in results if result.outcome == Outcome.REFUSED] == [
        "transaction:322:captured"
    ]
    assert Entry.objects.count() == 499


def test_posting_the_refused_again_replays_the_rest() -> None:
    drafts = [spent(1, "5.00"), deposit(2, "3.00")]
    assert said(post_each(drafts)) == ["ledger.insufficient_funds", "POSTED"]
    post_each([deposit(3, "2.00")])

    assert said(post_each(drafts)) == ["POSTED", "REPLAYED"]
    assert books.balance_of(FAN, "USD") == usd("0.00")


def test_an_entry_may_spend_what_a_later_one_of_its_statement_pays() -> None:
    assert said(post_each([spent(1, "5.00"), deposit(2, "5.00")])) == ["POSTED", "POSTED"]


def test_nothing_to_post_is_nothing() -> None:
    assert post_each([]) == []
    assert ledger.dry_run([], now=NOW) == []


def test_a_dry_run_writes_nothing_and_tells_the_same() -> None:
    post_one(deposit(1))
    drafts = [deposit(1), spent(2, "4.00"), spent(3, "7.00"), capital("capital:1", bank="new")]
    accounts = list(Account.objects.values())

    dry = ledger.dry_run(drafts, now=NOW)

    assert said(dry) == ["REPLAYED", "POSTED", "ledger.insufficient_funds", "POSTED"]
    assert (Entry.objects.count(), Line.objects.count()) == (1, 2)
    assert list(Account.objects.values()) == accounts
    assert books.balance_of(FAN, "USD") == usd("10.00")
    assert without_numbers(post_each(drafts)) == without_numbers(dry)


def test_a_dry_run_within_a_transaction_leaves_it_usable() -> None:
    with transaction.atomic():
        ledger.post(deposit(1), now=NOW)
        assert said(ledger.dry_run([spent(2, "10.00")], now=NOW)) == ["POSTED"]
        ledger.post(spent(3, "10.00"), now=NOW)

    assert Entry.objects.count() == 2


DRAFTS = st.lists(
    st.one_of(
        st.builds(deposit, st.integers(1, 8), st.sampled_from(["0.00", "1.00", "5.00"])),
        st.builds(spent, st.integers(1, 8), st.sampled_from(["1.00", "3.00", "20.00"])),
        st.builds(capital, st.sampled_from(["capital:1", "x"]), st.sampled_from([1, 10**15 + 1])),
    ),
    max_size=12,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=DRAFTS, drafts=DRAFTS)
def test_any_dry_run_is_what_the_live_run_then_does(
    db: None, before: list[Draft], drafts: list[Draft]
) -> None:
    with transaction.atomic():
        ledger.post_each(before, now=NOW)
        stood = books.trial_balance()
        dry = ledger.dry_run(drafts, now=NOW)
        assert books.trial_balance() == stood
        live = ledger.post_each(drafts, now=NOW)
        assert without_numbers(dry) == without_numbers(live)
        assert Entry.objects.count() == len(
            {r.posted.entry_id for r in live if r.posted}
            | set(Entry.objects.values_list("pk", flat=True))
        )
        transaction.set_rollback(True)


def without_numbers(results: Sequence[Result]) -> list[Result]:
    return [
        result._replace(posted=result.posted and result.posted._replace(entry_id=0))
        for result in results
    ]


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (raw("x", ("9999", "", 1, "USD"), ("3000", "", -1, "USD")), errors.UnknownAccount),
        (raw("x", ("1000", "rail:a", 1, "USD"), ("3000", "", -1, "USD")), errors.UnknownAccount),
        (raw("x", ("10", "", 1, "USD"), ("3000", "", -1, "USD")), errors.UnknownAccount),
        (capital("x", currency="XYZ"), errors.WrongCurrency),
        (capital("x", currency="usd"), errors.WrongCurrency),
        (capital("x", 0), errors.AmountOutOfRange),
        (capital("x", 10**15 + 1), errors.AmountOutOfRange),
        (raw("x", ("1000", "bank:a", 1, "USD"), ("3000", "", -1, "EUR")), errors.Unbalanced),
        (raw("x", ("1000", "bank:a", 1, "USD")), errors.Unbalanced),
        (raw("x", ("4000", "", 1, "USD"), ("3000", "", -1, "USD")), errors.KindNotAllowed),
        (capital("capital:0", 101), errors.SourceReused),
        (capital("capital:0", 100, bank="other"), errors.SourceReused),
        (capital("capital:0")._replace(memo="other"), errors.SourceReused),
        (capital("x")._replace(effective_on=date(1999, 12, 31)), errors.Malformed),
        (capital(""), errors.Malformed),
        (capital("x" * 121), errors.Malformed),
        (spent(5, "20.01"), errors.InsufficientFunds),
    ],
)
def test_each_bad_input_has_its_code_and_writes_nothing(
    draft: Draft, error: type[DomainError]
) -> None:
    post_one(capital("capital:0"))
    accounts, stood = Account.objects.count(), books.trial_balance()

    with transaction.atomic():
        with pytest.raises(error):
            ledger.post(draft, now=NOW)
        with pytest.raises(error):
            ledger.post_many([deposit(1), draft, deposit(2)], now=NOW)
        (dry,) = ledger.dry_run([draft], now=NOW)
        (live,) = ledger.post_each([draft], now=NOW)

    assert (live.outcome, live.code, live.posted) == (Outcome.REFUSED, error.code, None)
    assert dry == live
    assert (Entry.objects.count(), Account.objects.count()) == (1, accounts)
    assert books.trial_balance() == stood


@pytest.mark.parametrize("state", [PeriodState.CLOSING, PeriodState.CLOSED])
def test_a_closed_month_refuses_what_is_dated_in_it_and_nothing_else(state: PeriodState) -> None:
    month_in(state, month=date(2025, 12, 1), now=NOW)
    late = [
        deposit(1)._replace(effective_on=date(2025, 12, 31)),
        deposit(2)._replace(effective_on=date(2026, 1, 1)),
        deposit(3)._replace(effective_on=date(2025, 12, 1)),
    ]
    expected = ["ledger.period_closed", "POSTED", "ledger.period_closed"]

    assert said(ledger.dry_run(late, now=NOW)) == expected
    assert said(post_each(late)) == expected
    with transaction.atomic(), pytest.raises(errors.PeriodClosed):
        ledger.post(late[0], now=NOW)
    assert books.balance_of(FAN, "USD") == usd("10.00")


def test_each_bad_input_has_a_code_of_its_own() -> None:
    found = [
        errors.UnknownAccount, errors.WrongCurrency, errors.AmountOutOfRange, errors.PeriodClosed,
        errors.SourceReused, errors.Unbalanced, errors.KindNotAllowed, errors.Malformed,
    ]  # fmt: skip
    assert len({error.code for error in found}) == len(found)


def test_a_batch_that_overflows_a_balance_is_refused_whole() -> None:
    many = 2**63 // 10**15 + 1
    with transaction.atomic(), pytest.raises(errors.AmountOutOfRange):
        ledger.post_many([capital(f"c:{n}", 10**15) for n in range(many)], now=NOW)
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_in_opposite_orders_do_not_deadlock() -> None:
    there = [deposit(n, fan=n % 20 + 100) for n in range(1200)]
    there.sort(key=lambda draft: draft.movements[1].account)
    post_each([deposit(n + 5000, fan=n + 100) for n in range(20)])
    back = [draft._replace(source=f"back:{draft.source}") for draft in reversed(there)]
    there[700] = spent(9999, "1.00")  # a refusal halves its chunk
    gate = Barrier(2)

    def post(drafts: list[Draft]) -> int:
        gate.wait()
        try:
            return sum(result.outcome == Outcome.POSTED for result in post_each(drafts))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(post, [there, back])) == [1199, 1200]
    assert prove().findings == []
