"""Money back from end to end: taxed sales, debts, refunds beside disputes, to the cent."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from django.db import transaction

from apps.core.money import Money
from apps.finance.fx import services as fx
from apps.finance.fx.adapters import Quoted
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.errors import InsufficientFunds
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.choices import Status
from apps.finance.payments.models import DisputeRound, Refund
from apps.finance.payments.rules.refunds import RefundState
from apps.finance.payments.services.debts import recover_debts
from apps.finance.payments.services.refund_moves import locked_refund, move_refund
from apps.finance.payments.services.refund_send import _fail
from apps.finance.tax import selectors as tax
from apps.finance.tax.models import TaxLine
from apps.payouts import services as payouts
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.payouts import PayoutMethodFactory
from tests.finance.payments.refunding import (
    a_paid_tip,
    a_policy,
    a_rate,
    ask,
    balance,
    books_are_balanced,
    creator_has,
    fresh,
    usd,
)
from tests.finance.payments.test_disputes import day, hear
from tests.finance.payments.test_refunds import done, told

pytestmark = pytest.mark.django_db

CLEARING = postings.processor_clearing("ccbill")
DISPUTED = postings.disputed("ccbill")
GERMANY = tax.Buyer("DE", "DE")


@pytest.fixture
def clerk(staff):
    return staff("finance")


def lines_of(source):
    """The entry's movements by account code, debits above zero; fees of zero are left out."""
    entry = ledger_selectors.entry_of(source)
    assert entry is not None
    return {line.account.code: line.amount_minor for line in entry.lines.select_related("account")}


def in_flight(refund, *, now):
    """The gateway may be acting on it, as after a call without an answer."""
    with transaction.atomic():
        refund, _ = locked_refund(refund.pk)
        move_refund(refund, RefundState.SENDING, now=now, reason="Attempt 1")
        move_refund(refund, RefundState.UNKNOWN, now=now, reason="No answer")
    return refund


def refused(refund, *, now):
    with transaction.atomic():
        refund, payment = locked_refund(refund.pk)
        _fail(refund, payment, "declined", "The gateway refused it", now=now)


class TestATaxedSale:
    """95.20, 19 % in it: 15.20 tax, 15 % of 80.00 to the platform, 5 % of all to the processor."""

    @pytest.fixture
    def sale(self, now):
        fan = ProfileFactory.create()
        a_rate(fan, now=now)
        a_policy(now=now, processing_fee_returned=True)
        return a_paid_tip("95.20", fan=fan, buyer=GERMANY, now=now)

    def test_goes_back_in_parts_each_exact_and_all_together_the_sale(self, sale, clerk, now):
        assert lines_of(sale.source) == {
            "1100": 95_20, "2100": -63_24, "4000": -12_00, "2200": -4_76, "2400": -15_20,
        }  # fmt: skip
        first = done(ask(sale, "50.00", by=clerk, now=now), now=now)
        # 50.00/95.20 of each; the spare cent goes to the largest remainder, the creator's share.
        assert lines_of(first.entry_source) == {
            "1100": -50_00, "2100": 33_22, "4000": 6_30, "2200": 2_50, "2400": 7_98,
        }  # fmt: skip
        told(sale, Told.REFUNDED, amount="0.01", transaction="r2", now=now)
        april = now + timedelta(days=90)
        last = done(ask(sale, "45.19", by=clerk, now=april), now=april)
        assert sum(lines_of(last.entry_source).values()) == 0
        for account in (
            CLEARING, postings.PLATFORM_REVENUE, postings.PROCESSOR_FEES_PAYABLE,
            postings.sales_tax("DE"),
        ):  # fmt: skip
            assert balance(account) == "0.00"
        assert creator_has(sale) == ("0.00", "0.00", "0.00")
        assert fresh(sale).status == Status.REFUNDED

        by_quarter = [
            (line.quarter, line.base_minor, line.tax_minor)
            for line in TaxLine.objects.order_by("id")
        ]
        assert by_quarter == [
            ("2026-Q1", 80_00, 15_20), ("2026-Q1", -42_02, -7_98), ("2026-Q1", -1, 0),
            ("2026-Q2", -37_97, -7_22),
        ]  # fmt: skip

    def test_what_bounces_is_taxed_again_and_is_no_second_sale(self, sale, clerk, now):
        done(ask(sale, "95.20", by=clerk, now=now), now=now)
        assert balance(postings.sales_tax("DE")) == "0.00"
        told(sale, Told.REFUND_FAILED, amount="95.20", now=now)
        assert balance(postings.sales_tax("DE")) == "15.20"
        with transaction.atomic():
            fx.record_rates(
                rows=[Quoted("EUR", "USD", date(2026, 3, 31), Decimal("1.25"))], source="ECB",
                by=None, reason="", now=now + timedelta(days=90),
            )  # fmt: skip
        (germany,) = tax.return_of(quarter="2026-Q1")
        assert (germany.sales, germany.base, germany.tax) == (
            1, Money(80_00, "USD"), Money(15_20, "USD"),
        )  # fmt: skip

    def test_refunded_in_part_and_lost_for_the_rest_owes_no_tax(self, sale, clerk, now):
        done(ask(sale, "15.20", by=clerk, now=now), now=now)
        hear(sale, Told.CHARGEBACK, at=now, amount="80.00", now=now)
        hear(sale, Told.CHARGEBACK_LOST, at=day(now, 9), now=now)
        assert balance(postings.sales_tax("DE")) == "0.00"
        assert sum(TaxLine.objects.values_list("tax_minor", flat=True)) == 0
        assert sum(TaxLine.objects.values_list("base_minor", flat=True)) == 0
        assert creator_has(sale) == ("0.00", "0.00", "0.00")
        assert (balance(CLEARING), balance(DISPUTED)) == ("0.00", "0.00")
        # The processor keeps its fee of a lost sale: 80.00/95.20 of 4.76.
        assert balance(postings.CHARGEBACK_LOSSES) == "4.00"
        assert books_are_balanced()


class TestDebts:
    def test_paid_and_then_won_after_all_goes_back_to_the_creator(self, now):
        """The share is gone when the case is lost; later earnings pay; then the bank gives in."""
        a_policy(now=now, hold_share=False)
        tip = a_paid_tip("100.00", now=now)
        self._spent(tip, now)
        hear(tip, Told.CHARGEBACK_LOST, at=day(now, 3), amount="100.00", now=now)
        assert creator_has(tip) == ("0.00", "0.00", "80.00")
        a_paid_tip("50.00", creator=tip.payee, now=now)
        assert recover_debts(now=now) == 1
        a_paid_tip("75.00", creator=tip.payee, now=now)
        assert recover_debts(now=now) == 1
        assert creator_has(tip) == ("20.00", "0.00", "0.00")
        hear(tip, Told.CHARGEBACK_WON, at=day(now, 9), now=now)
        assert creator_has(tip) == ("100.00", "0.00", "0.00")
        assert balance(CLEARING) == "225.00"
        assert balance(postings.CHARGEBACK_LOSSES) == "0.00"
        assert books_are_balanced()

    def test_paid_for_a_refund_that_bounced_keep_what_other_debts_need(self, clerk, now):
        a_policy(now=now, processing_fee_returned=True)
        tip = a_paid_tip("100.00", now=now)
        self._spent(tip, now)
        done(ask(tip, "100.00", by=clerk, now=now), now=now)
        other = a_paid_tip("50.00", creator=tip.payee, now=now)
        assert recover_debts(now=now) == 1
        done(ask(other, "50.00", by=clerk, now=now), now=now)
        assert creator_has(tip) == ("0.00", "0.00", "80.00")
        told(tip, Told.REFUND_FAILED, amount="100.00", now=now)
        assert creator_has(tip) == ("0.00", "0.00", "0.00")
        assert recover_debts(now=now) == 0
        assert books_are_balanced()

    def test_go_before_a_payout_of_later_earnings(self, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        self._spent(tip, now)
        hear(tip, Told.CHARGEBACK_LOST, at=now, amount="100.00", now=now)
        a_paid_tip("100.00", creator=tip.payee, now=now)
        a_paid_tip("25.00", creator=tip.payee, now=now)
        assert creator_has(tip) == ("100.00", "0.00", "80.00")
        creator = tip.payee
        assert creator is not None
        method = PayoutMethodFactory.create(profile=creator)

        def ask_for(amount):
            return payouts.request_payout(
                creator=creator, method_id=method.pk, amount=usd(amount),
                idempotency_key=amount, now=now,
            )  # fmt: skip

        with pytest.raises(InsufficientFunds):
            ask_for("20.01")
        assert creator_has(tip) == ("100.00", "0.00", "80.00")
        ask_for("20.00")
        assert creator_has(tip) == ("0.00", "0.00", "0.00")

    @staticmethod
    def _spent(tip, now):
        """The creator was paid out."""
        payable = postings.creator_payable(tip.payee_id)
        amount = ledger_selectors.balance_of(payable, "USD")
        with transaction.atomic():
            ledger.post(
                postings.payout_reserved(
                    payout_id=10**9 + tip.pk, creator_id=tip.payee_id, amount=amount,
                    cluster=tip.cluster.slug,
                ),
                now=now,
            )  # fmt: skip


class TestARefundInFlightBesideADispute:
    """Both may take the whole sale; whatever comes first, the fan gets it from one of them."""

    def test_refused_while_the_bank_has_the_money_cannot_be_asked_for_again(self, clerk, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        refund = in_flight(ask(tip, "100.00", by=clerk, now=now), now=now)
        hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        refused(refund, now=now)
        assert DisputeRound.objects.get().covered_minor == 100_00
        with pytest.raises(errors.NothingLeft):
            ask(tip, "0.01", by=clerk, now=now)
        assert creator_has(tip) == ("0.00", "80.00", "0.00"), "the share is kept back now"
        hear(tip, Told.CHARGEBACK_WON, at=day(now, 9), now=now)
        assert creator_has(tip) == ("80.00", "0.00", "0.00")
        assert ask(tip, "100.00", by=clerk, now=now).state == RefundState.APPROVED

    def test_of_two_disputes_the_second_covers_what_the_first_gives_back(self, clerk, now):
        tip = a_paid_tip("100.00", now=now)
        for case in ("one", "two"):
            hear(tip, Told.CHARGEBACK, at=now, amount="100.00", case=case, now=now)
        hear(tip, Told.CHARGEBACK_WON, at=day(now, 9), case="one", now=now)
        with pytest.raises(errors.NothingLeft):
            ask(tip, "0.01", by=clerk, now=now)
        hear(tip, Told.CHARGEBACK_LOST, at=day(now, 9), case="two", now=now)
        assert creator_has(tip) == ("0.00", "0.00", "0.00")
        assert (balance(CLEARING), balance(DISPUTED)) == ("0.00", "0.00")

    @pytest.mark.parametrize("end", ["refused", "done"])
    def test_every_order_of_its_end_and_the_banks_ends_the_same(self, clerk, now, end):
        fan = ProfileFactory.create()
        a_rate(fan, now=now)
        a_policy(now=now, processing_fee_returned=True)
        ends = set()
        for number, order in enumerate(permutations(("refund", "chargeback", "lost"))):
            creator = CreatorFactory.create(cluster=fan.cluster)
            tip = a_paid_tip("95.20", fan=fan, creator=creator, buyer=GERMANY, now=now)
            refund = in_flight(ask(tip, "50.00", by=clerk, now=now), now=now)
            figures = self._figures()
            for step in order:
                if step == "refund":
                    refused(refund, now=now) if end == "refused" else done(refund, now=now)
                    continue
                word = Told.CHARGEBACK if step == "chargeback" else Told.CHARGEBACK_LOST
                at = day(now, 1 if step == "chargeback" else 9)
                hear(tip, word, at=at, amount="95.20", case=f"case-{number}", now=now)
            moved = tuple(a - b for a, b in zip(self._figures(), figures, strict=True))
            ends.add((fresh(tip).status, creator_has(tip), moved))
            assert books_are_balanced()
        # tax, revenue, clearing, disputed, losses, what is due to the processor
        lost = (-15_20, -12_00, -95_20, 0, 4_76, 0)
        both = (-15_20, -12_00, -145_20, 0, 52_26, -2_50)
        gone = ("0.00", "0.00", "0.00")
        expected = (Status.DISPUTED, gone, lost if end == "refused" else both)
        assert ends == {expected}

    def test_told_after_the_bank_has_decided_it_ends_as_told_before(self, now):
        a_policy(now=now, processing_fee_returned=True)
        ends = set()
        for number, order in enumerate(permutations(("refund", "chargeback", "lost"))):
            tip = a_paid_tip("100.00", now=now)
            before = self._figures()
            for step in order:
                if step == "refund":
                    told(tip, Told.REFUNDED, amount="60.00", transaction=f"r{number}", now=now)
                    continue
                word = Told.CHARGEBACK if step == "chargeback" else Told.CHARGEBACK_LOST
                at = day(now, 1 if step == "chargeback" else 9)
                hear(tip, word, at=at, amount="100.00", case=f"case-{number}", now=now)
            moved = tuple(a - b for a, b in zip(self._figures(), before, strict=True))
            ends.add((creator_has(tip), fresh(tip).refunded_minor, moved))
        assert len(ends) == 1
        assert next(iter(ends))[:2] == (("0.00", "0.00", "0.00"), 60_00)
        assert Refund.objects.exclude(state=RefundState.DONE).count() == 0

    @staticmethod
    def _figures():
        return tuple(
            ledger_selectors.balance_of(account, "USD").minor
            for account in (
                postings.sales_tax("DE"),
                postings.PLATFORM_REVENUE,
                CLEARING,
                DISPUTED,
                postings.CHARGEBACK_LOSSES,
                postings.PROCESSOR_FEES_PAYABLE,
            )
        )
