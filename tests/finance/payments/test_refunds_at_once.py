"""Refunds and disputes by many at once, and in any sequence: never more back than was paid."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.core import broker
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.models import DisputeRound, Refund, Transaction
from apps.finance.payments.rules import parts
from apps.finance.payments.rules.parts import Part
from apps.finance.payments.rules.refunds import LIVE, RefundState
from apps.finance.payments.selectors.given_back import left_of, whole_of
from apps.finance.payments.services.debts import recover_debts
from apps.finance.payments.services.disputes import dispute_news
from apps.finance.payments.services.refund_books import book_refund
from apps.finance.payments.services.refund_moves import locked_payment, locked_refund, move_refund
from apps.finance.payments.services.refunds import gateway_refunded, settle_refund
from apps.finance.tax.models import TaxLine
from apps.finance.tax.selectors import Buyer
from tests.factories.accounts import ProfileFactory, StaffFactory
from tests.finance.payments.refunding import (
    a_paid_tip,
    a_policy,
    a_rate,
    a_wallet_tip,
    ask,
    balance,
    books_are_balanced,
    creator_has,
    fresh,
    news,
)

CLEARING = postings.processor_clearing("ccbill")
DISPUTED = postings.disputed("ccbill")


@pytest.fixture(autouse=True)
def _no_worker_is_free(monkeypatch):
    monkeypatch.setattr(broker, "start_soon", lambda *_, **__: None)


def at_once(number, work):
    """Run ``work`` in threads that start together; return what each answered or was refused."""
    gate = Barrier(number)

    def one(index):
        gate.wait()
        try:
            return work(index)
        except DomainError as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(one, range(number)))


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    @pytest.mark.parametrize(("number", "amount", "fit"), [(2, "15.00", 1), (20, "1.50", 13)])
    def test_partial_refunds_never_exceed(self, now, number, amount, fit):
        a_policy(now=now)
        clerk = StaffFactory.create(role="finance")
        tip = a_wallet_tip("20.00", now=now)
        answers = at_once(number, lambda i: ask(tip, amount, by=clerk, now=now, key=f"k{i}").state)
        assert answers.count(RefundState.DONE) == fit
        assert answers.count("payments.nothing_left") == number - fit
        given_back = fit * int(amount.replace(".", ""))
        assert fresh(tip).refunded_minor == given_back
        wallet = Money(30_00 + given_back, "USD").decimal
        assert balance(postings.wallet(tip.payer_id)) == str(wallet)
        assert books_are_balanced()

    def test_twenty_of_one_key_are_one(self, now):
        a_policy(now=now)
        clerk = StaffFactory.create(role="finance")
        tip = a_wallet_tip("20.00", now=now)
        at_once(20, lambda _: ask(tip, "1.00", by=clerk, now=now, key="one").pk)
        assert (Refund.objects.count(), fresh(tip).refunded_minor) == (1, 1_00)

    def test_staff_gateway_and_bank_together(self, now):
        a_policy(now=now)
        clerk = StaffFactory.create(role="finance")
        tip = a_paid_tip("100.00", now=now)

        def work(index):
            if index % 3 == 0:
                return ask(tip, "60.00", by=clerk, now=now, key=f"k{index}").state
            act, told = (
                (gateway_refunded, Told.REFUNDED)
                if index % 3 == 1
                else (dispute_news, Told.CHARGEBACK)
            )
            with transaction.atomic():
                notice = news(tip, told, amount="60.00", at=now, case="case")
                act(transaction=locked_payment(tip.pk), notice=notice, now=now)
            return "heard"

        answers = at_once(6, work)
        assert set(answers) <= {
            "heard", "APPROVED", "payments.nothing_left", "payments.staff_must_look",
        }  # fmt: skip
        assert never_more(tip)
        assert books_are_balanced()

    def test_refunds_of_one_creators_sales_share_what_there_is(self, now):
        a_policy(now=now)
        clerk = StaffFactory.create(role="finance")
        first = a_wallet_tip("20.00", now=now)
        tips = [first] + [a_paid_tip("25.00", creator=first.payee, now=now) for _ in range(5)]
        refunds = [ask(tip, "5.00", by=clerk, now=now) for tip in tips[1:]]

        def book(index):
            with transaction.atomic():
                refund, payment = locked_refund(refunds[index].pk)
                book_refund(refund, payment, now=now, reason="Sent")
            return "booked"

        assert at_once(5, book) == ["booked"] * 5
        assert books_are_balanced()


def never_more(tip):
    live = sum(
        Refund.objects.filter(transaction=tip, state__in=LIVE).values_list(
            "amount_minor", flat=True
        )
    )
    covered = sum(
        DisputeRound.objects.filter(dispute__transaction=tip).values_list(
            "covered_minor", flat=True
        )
    )
    assert live + covered <= tip.amount_minor
    return True


# --- Any sequence --------------------------------------------------------------------------------
STEP = st.tuples(
    st.sampled_from(
        [
            "refund", "try", "refused", "bounce", "told", "chargeback", "second case", "won",
            "lost", "earn",
        ]
    ),
    st.integers(1, 120_00),
)  # fmt: skip


@pytest.mark.django_db
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@for_all(
    price=st.integers(3_00, 100_00),
    steps=st.lists(STEP, min_size=1, max_size=8),
    percent=st.sampled_from(["", "7.7", "19"]),
)
def test_any_sequence_keeps_the_books_exact(now, price, steps, percent):
    """Whatever comes in whatever order: nothing exceeds, and all parts are the sale to a cent."""
    with transaction.atomic():
        a_policy(now=now, four_eyes_from_minor=10**9)
        clerk = StaffFactory.create(role="finance")
        fan = ProfileFactory.create()
        if percent:
            a_rate(fan, percent=percent, now=now)
        tip = a_paid_tip(
            str(Money(price, "USD").decimal),
            fan=fan,
            buyer=Buyer("DE", "DE") if percent else None,
            now=now,
        )
        for number, (what, minor) in enumerate(steps):
            try:
                with transaction.atomic():
                    _do(
                        tip,
                        what,
                        str(Money(minor, "USD").decimal),
                        clerk=clerk,
                        number=number,
                        now=now,
                    )
            except DomainError:
                pass
            assert never_more(tip)
            assert books_are_balanced()
            assert _is_exact(tip)
        transaction.set_rollback(True)


def _do(tip, what, amount, *, clerk, number, now):
    at = now + timedelta(days=number)
    if what in _STEPS:
        _STEPS[what](tip, amount, clerk, at)
        return
    told = {
        "bounce": Told.REFUND_FAILED,
        "told": Told.REFUNDED,
        "chargeback": Told.CHARGEBACK,
        "second case": Told.CHARGEBACK,
        "won": Told.CHARGEBACK_WON,
        "lost": Told.CHARGEBACK_LOST,
    }[what]
    act = gateway_refunded if what in {"bounce", "told"} else dispute_news
    sum_ = None if what in {"bounce", "won", "lost"} else amount
    case = "case-2" if what == "second case" else "case-1"
    notice = news(tip, told, amount=sum_, at=at, case=case)
    act(transaction=locked_payment(tip.pk), notice=notice, now=at)


def _refund(tip, amount, clerk, now):
    refund, payment = locked_refund(ask(tip, amount, by=clerk, now=now).pk)
    book_refund(refund, payment, now=now, reason="Sent")


def _try(tip, amount, clerk, now):
    if Refund.objects.filter(transaction=tip, state=RefundState.UNKNOWN).exists():
        return  # one of a payment is in flight
    refund, _ = locked_refund(ask(tip, amount, by=clerk, now=now).pk)
    move_refund(refund, RefundState.SENDING, now=now, reason="Attempt 1")
    move_refund(refund, RefundState.UNKNOWN, now=now, reason="No answer")


def _refuse(tip, _amount, clerk, now):
    for refund in Refund.objects.filter(transaction=tip, state=RefundState.UNKNOWN):
        settle_refund(
            refund_id=refund.pk, went_back=False, reference="", by=clerk, reason="Seen", now=now
        )


def _earn(tip, amount, _clerk, now):
    """The creator is paid out all, earns something else, and pays what is owed."""
    payable = postings.creator_payable(tip.payee_id)
    has = ledger_selectors.available_of(payable, "USD")
    if has:
        ledger.post(
            postings.payout_reserved(
                payout_id=10**9 + int(now.timestamp()), creator_id=tip.payee_id, amount=has,
                cluster=tip.cluster.slug,
            ),
            now=now,
        )  # fmt: skip
    grant = postings.draft_of(
        EntryKind.MANUAL_ADJUSTMENT, f"test:{now.timestamp()}", tip.cluster.slug,
        postings.debit(postings.OTHER_EXPENSES, Money.of(amount, "USD")),
        postings.credit(payable, Money.of(amount, "USD")),
    )  # fmt: skip
    ledger.post(grant, now=now)
    recover_debts(now=now)


_STEPS = {"refund": _refund, "try": _try, "refused": _refuse, "earn": _earn}


def _is_exact(tip):
    """What went back and what is left are the sale; the accounts say the same."""
    whole = whole_of(tip)
    left = left_of(tip, whole)
    shares = [money for share in left.sale.shares for money in share[1:]]
    taxes = [tax.amount for tax in left.sale.taxes]
    assert sum((m.minor for m in [*shares, *taxes]), 0) == left.amount.minor
    assert min(m.minor for m in [*shares, *taxes, *left.bases]) >= 0
    payment = Transaction.objects.get(pk=tip.pk)
    done = Refund.objects.filter(transaction=tip, state=RefundState.DONE)
    assert payment.refunded_minor == sum(done.values_list("amount_minor", flat=True))
    rounds = DisputeRound.objects.filter(dispute__transaction=tip)
    away = sum(r.amount_minor for r in rounds if r.decision != "WON")
    undecided = sum(r.amount_minor for r in rounds if not r.decision)
    live = Refund.objects.filter(transaction=tip, state__in=LIVE)
    kept = tip.amount_minor - sum(live.values_list("amount_minor", flat=True))
    assert sum(r.covered_minor for r in rounds) == min(kept, away), "none of it can go back twice"
    expected = Money(tip.amount_minor - payment.refunded_minor - away, "USD")
    assert balance(CLEARING) == str(expected.decimal)
    assert balance(DISPUTED) == str(Money(undecided, "USD").decimal)
    revenue = sum(share.platform_fee.minor for share in left.sale.shares)
    assert balance(postings.PLATFORM_REVENUE) == str(Money(revenue, "USD").decimal)
    due = Money(sum(tax.minor for tax in taxes), "USD")
    assert balance(postings.sales_tax("DE")) == str(due.decimal)
    lines = TaxLine.objects.aggregate(tax=Sum("tax_minor"), base=Sum("base_minor"))
    bases = sum(base.minor for base in left.bases)
    assert (lines["tax"] or 0, lines["base"] or 0) == (due.minor, bases)
    assert all(not text.startswith("-") for text in creator_has(tip))
    return True


@for_all(
    price=st.integers(1, 10**7),
    fees=st.tuples(st.integers(0, 4000), st.integers(0, 2000)),
    rate=st.sampled_from([0, 7, 19, 25]),
    cuts=st.lists(st.integers(1, 10**6), max_size=12),
)
def test_parts_are_the_whole_to_the_cent(price, fees, rate, cuts):
    """Every part and what it leaves: shares, fees, taxes and their bases add up exactly."""

    def usd(minor):
        return Money(minor, "USD")

    tax = price * rate // (100 + rate)
    net = price - tax
    platform = net * fees[0] // 10_000
    processing = net * fees[1] // 10_000
    sale = postings.sale_of(
        transaction_id=1, cluster="boyfanz", amount=usd(price), creators={7: 1},
        platform_fee=usd(platform), processing_fee=usd(processing),
        taxes=[postings.Tax("DE", usd(tax))],
    )  # fmt: skip
    whole = left = Part(sale, (usd(net),))
    taken = []
    for cut in [*cuts, 10**9]:
        if not left.amount:
            break
        part = parts.taken(left, min(usd(cut), left.amount))
        (share,) = part.sale.shares
        assert (
            sum(m.minor for m in share[1:]) + part.sale.taxes[0].amount.minor == part.amount.minor
        )
        taken.append(parts.from_json(parts.as_json(part), whole))
        left = parts.less(whole, taken)
        (rest,) = left.sale.shares
        assert min(*(m.minor for m in rest[1:]), left.bases[0].minor) >= 0
    assert not left.amount
    assert not left.bases[0]
    assert not left.sale.taxes[0].amount
