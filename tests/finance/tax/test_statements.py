"""Yearly statements: a year worked by hand, made bit by bit, taken on record, nothing invented."""

import csv
import io
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from apps.audit.models import AuditRecord
from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.tax import errors, exports
from apps.finance.tax import services as tax
from apps.finance.tax.choices import Form, RunState
from apps.finance.tax.models import StatementLine, StatementRun
from apps.finance.tax.rules import forms
from apps.finance.tax.services import statements
from tests.factories.accounts import CreatorFactory, ProfileFactory, StaffFactory

pytestmark = pytest.mark.django_db
USD = "USD"


def usd(text):
    return Money.of(text, USD)


def day(month, number=10, year=2025):
    return datetime(year, month, number, 12, tzinfo=UTC)


def post(draft, on, **changes):
    with transaction.atomic():
        return ledger.post(draft._replace(effective_on=on.date(), **changes), now=on)


def tip(number, creator, amount, on, *, platform="0", processing="0", taxes=()):
    return post(
        postings.tip_by_card(
            transaction_id=number, creator_id=creator.pk, gateway="ccbill", amount=usd(amount),
            platform_fee=usd(platform), processing_fee=usd(processing), cluster="boyfanz",
            taxes=taxes,
        ),
        on,
    )  # fmt: skip


@pytest.fixture
def creator():
    return CreatorFactory.create()


@pytest.fixture
def after():
    return datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def year(creator):
    """A creator's 2025, worked by hand.

    Q1: 1,000.00 by card: 150.00 platform, 50.00 processor, 19.00 tax of DE; 781.00 left.
    Q2: 500.00 from a wallet: 100.00 platform; 400.00 left. A payout of 600.00 is reserved.
    Q3: 200.00 of the first sale go back, all parts in proportion but the processor's fee, which
        it keeps and the creator bears: 156.20 + 10.00 from the creator, 30.00 from the platform,
        3.80 of the tax.
    Q4: 24.00 are withheld. 100.00 paid on 31 December count, 100.00 on 1 January do not.
    """
    fan = ProfileFactory.create()
    germany = (postings.Tax("DE", usd("19.00")),)
    tip(1, creator, "1000.00", day(2), platform="150.00", processing="50.00", taxes=germany)
    post(
        postings.wallet_deposit(
            transaction_id=2, fan_id=fan.pk, gateway="ccbill", amount=usd("500.00"),
            processing_fee=usd("0"), cluster="boyfanz",
        ),
        day(4),
    )  # fmt: skip
    post(
        postings.tip_from_wallet(
            transaction_id=3, fan_id=fan.pk, creator_id=creator.pk, amount=usd("500.00"),
            platform_fee=usd("100.00"), cluster="boyfanz",
        ),
        day(5),
    )  # fmt: skip
    post(
        postings.payout_reserved(
            payout_id=1, creator_id=creator.pk, amount=usd("600.00"), cluster="boyfanz"
        ),
        day(6),
    )
    sale = postings.sale_of(
        transaction_id=1, cluster="boyfanz", amount=usd("1000.00"), creators={creator.pk: 1},
        platform_fee=usd("150.00"), taxes=germany, processing_fee=usd("50.00"),
    )  # fmt: skip
    part = postings.part_of(sale, usd("200.00"))
    post(postings.refund_to_card(refund_id=1, part=part, gateway="ccbill"), day(8))
    post(
        postings.tax_withheld_from(
            withholding_id=1, creator_id=creator.pk, place="US", amount=usd("24.00"),
            cluster="boyfanz",
        ),
        day(10),
    )  # fmt: skip
    tip(4, creator, "100.00", day(12, 31))
    tip(5, creator, "100.00", day(1, 1, year=2026))


def made(form, year, *, now, by=None):
    run = tax.request_statements(form=form, year=year, by=by, reason="January filing", now=now)
    while tax.make_step(now=now):
        pass
    run.refresh_from_db()
    rows = list(csv.DictReader(io.StringIO("".join(exports.statement_csv(run)))))
    return run, rows


@pytest.mark.usefixtures("year")
class TestWorkedYear:
    def test_the_1099_has_what_was_earned_and_where_it_comes_from(self, creator, after):
        run, [row] = made(Form.NEC, 2025, now=after)
        figures = {
            "box1_nonemployee_compensation": "1114.80",
            "box4_federal_income_tax_withheld": "24.00",
            "gross": "1600.00",
            "refunds": "-200.00",
            "fees": "270.00",
            "sales_tax": "15.20",
            "other": "0.00",
            "paid_out": "600.00",
        }
        assert {name: row[name] for name in figures} == figures
        assert row["recipient_account"] == f"U{creator.user_id}"
        assert row["threshold"] == "600.00 USD"
        assert (run.state, run.lines_made, run.people) == (RunState.DONE, 1, 1)

    def test_the_figures_are_the_books(self, creator, after):
        _, [row] = made(Form.NEC, 2025, now=after)
        payable = ledger_selectors.balance_of(postings.creator_payable(creator.pk), USD)
        earned, paid, withheld = (
            usd(row[name]) for name in (
                "box1_nonemployee_compensation", "paid_out", "box4_federal_income_tax_withheld",
            )
        )  # fmt: skip
        assert earned - paid - withheld + usd("100.00") == payable  # and 1 January's

    def test_dac7_has_the_quarters(self, after):
        _, [row] = made(Form.DAC7, 2025, now=after)
        names = {
            "Consideration/ConsQ": ["781.00", "400.00", "-166.20", "100.00"],
            "NumberOfActivities/NumbQ": ["1", "1", "0", "1"],
            "Fees/FeesQ": ["200.00", "100.00", "-30.00", "0.00"],
            "Taxes/TaxQ": ["19.00", "0.00", "-3.80", "0.00"],
        }
        for name, values in names.items():
            assert [row[f"PersonalServices/{name}{q}"] for q in range(1, 5)] == values

    def test_what_the_platform_does_not_know_is_empty_and_named(self, after):
        _, [row] = made(Form.DAC7, 2025, now=after)
        missing = ("legal_name", "tin", "address", "birth_date", "residence", "bank_account")
        assert row["missing"].split() == list(missing)
        assert [row[name] for name in missing] == [""] * 6

    def test_what_is_posted_after_the_asking_is_left_out(self, creator, after):
        run = tax.request_statements(form=Form.NEC, year=2025, by=None, reason="x", now=after)
        late = postings.tip_by_card(
            transaction_id=9, creator_id=creator.pk, gateway="ccbill", amount=usd("5000.00"),
            platform_fee=usd("0"), processing_fee=usd("0"), cluster="boyfanz",
        )._replace(effective_on=date(2025, 12, 30))  # fmt: skip
        with transaction.atomic():
            ledger.post(late, now=after.replace(day=21))
        while tax.make_step(now=after):
            pass
        assert StatementLine.objects.get(run=run).net_minor == 111_480

    def test_a_reversal_takes_its_sale_out_on_its_own_day(self, creator, after):
        entry = tip(20, creator, "50.00", day(12, 1))
        ledger.reverse(
            entry_id=entry.entry_id, by=StaffFactory.create(role="finance"), reason="twice",
            now=day(12, 2),
        )  # fmt: skip
        _, [row] = made(Form.NEC, 2025, now=after)
        assert (row["box1_nonemployee_compensation"], row["gross"]) == ("1114.80", "1600.00")

    def test_the_command_writes_the_file(self):
        out = StringIO()
        call_command("make_statements", "NEC", "2025", "--reason", "January", stdout=out)
        [row] = csv.DictReader(io.StringIO(out.getvalue()))
        assert row["box1_nonemployee_compensation"] == "1114.80"


class TestThresholds:
    @pytest.mark.parametrize(
        ("year", "amount", "listed"),
        [(2025, "599.99", 0), (2025, "600.00", 1), (2026, "1999.99", 0), (2026, "2000.00", 1)],
    )
    def test_of_the_1099_are_those_of_the_payments_year(self, creator, year, amount, listed):
        tip(1, creator, amount, day(1, 5, year=year))
        _, rows = made(Form.NEC, year, now=day(2, 5, year=2026))
        assert len(rows) == listed

    def test_what_is_below_in_dollars_is_listed_with_what_is_in_euro(self, creator, after):
        """500.00 USD and 500.00 EUR are more than 600.00 USD: whoever files needs both."""
        tip(1, creator, "500.00", day(3))
        post(
            postings.tip_by_card(
                transaction_id=2, creator_id=creator.pk, gateway="ccbill",
                amount=Money(500_00, "EUR"), platform_fee=Money.zero("EUR"),
                processing_fee=Money.zero("EUR"), cluster="boyfanz",
            ),
            day(4),
        )  # fmt: skip
        _, rows = made(Form.NEC, 2025, now=after)
        assert [(row["currency"], row["box1_nonemployee_compensation"]) for row in rows] == [
            ("EUR", "500.00"),
            ("USD", "500.00"),
        ]

    def test_from_whom_tax_was_withheld_is_listed_below_the_threshold_too(self, creator, after):
        tip(1, creator, "100.00", day(3))
        post(
            postings.tax_withheld_from(
                withholding_id=1, creator_id=creator.pk, place="US", amount=usd("24.00"),
                cluster="boyfanz",
            ),
            day(4),
        )  # fmt: skip
        _, [row] = made(Form.NEC, 2025, now=after)
        assert row["box1_nonemployee_compensation"] == "100.00"
        assert row["box4_federal_income_tax_withheld"] == "24.00"

    def test_dac7_lists_everybody_who_earned(self, creator, after):
        tip(1, creator, "0.01", day(3))
        CreatorFactory.create()
        _, rows = made(Form.DAC7, 2025, now=after)
        assert [row["PersonalServices/Consideration/ConsQ1"] for row in rows] == ["0.01"]

    def test_every_form_has_one_for_every_year(self):
        for form in Form:
            assert forms.threshold_of(form, 2030).source


class TestPeople:
    def test_a_person_on_two_brands_is_one_line(self, creator, after):
        other = CreatorFactory.create(
            user=creator.user, cluster=Cluster.objects.exclude(pk=creator.cluster_id).first()
        )
        tip(1, creator, "400.00", day(2))
        tip(2, other, "300.00", day(3))
        _, [row] = made(Form.NEC, 2025, now=after)
        assert row["box1_nonemployee_compensation"] == "700.00"

    def test_a_sale_of_several_creators_splits_its_fees_to_the_cent(self, creator, after):
        """100.01 less a platform fee of 10.00 go 2 to 1: 60.01 and 30.00; the fee likewise."""
        other = CreatorFactory.create()
        fan = ProfileFactory.create()
        post(
            postings.wallet_deposit(
                transaction_id=1, fan_id=fan.pk, gateway="ccbill", amount=usd("100.01"),
                processing_fee=usd("0"), cluster="boyfanz",
            ),
            day(1),
        )  # fmt: skip
        sale = postings.sale_of(
            transaction_id=2, cluster="boyfanz", amount=usd("100.01"),
            creators={creator.pk: 2, other.pk: 1}, platform_fee=usd("10.00"),
        )  # fmt: skip
        post(postings.content_from_wallet(sale=sale, fan_id=fan.pk), day(2))
        _, rows = made(Form.DAC7, 2025, now=after)
        fees = [row["PersonalServices/Fees/FeesQ1"] for row in rows]
        assert sorted(fees) == ["3.33", "6.67"]
        assert sum(usd(row["gross"]).minor for row in rows) == 10_001

    def test_many_people_are_made_step_by_step_in_few_queries(
        self, after, monkeypatch, django_assert_max_num_queries
    ):
        monkeypatch.setattr(statements, "STEP", 4)
        for number in range(10):
            tip(number + 1, CreatorFactory.create(), f"{600 + number}.00", day(2))
        run = tax.request_statements(form=Form.NEC, year=2025, by=None, reason="x", now=after)
        progress = []
        for _ in range(3):
            with django_assert_max_num_queries(10):
                assert tax.make_step(now=after)
            run.refresh_from_db()
            progress.append((run.state, run.people, run.people_total))
        assert progress == [
            (RunState.RUNNING, 4, 10), (RunState.RUNNING, 8, 10), (RunState.RUNNING, 10, 10),
        ]  # fmt: skip
        assert tax.make_step(now=after)
        assert not tax.make_step(now=after)
        assert run.lines.count() == 10


class TestRefusals:
    def test_support_may_neither_make_nor_take(self, after):
        support = StaffFactory.create(role="support")
        run, _ = made(Form.NEC, 2025, now=after)
        with pytest.raises(errors.NotPermitted):
            tax.request_statements(form=Form.NEC, year=2025, by=support, reason="x", now=after)
        with pytest.raises(errors.NotPermitted):
            tax.take_statements(run_id=run.pk, by=support)
        assert StatementRun.objects.count() == 1
        assert not AuditRecord.objects.filter(action="tax.statements_taken").exists()

    @pytest.mark.parametrize(
        ("year", "reason", "error"),
        [(2027, "x", errors.YearNotOver), (1999, "x", errors.YearNotOver),
         (2025, " ", errors.ReasonMissing)],
    )  # fmt: skip
    def test_what_makes_no_file_is_refused(self, after, year, reason, error):
        with pytest.raises(error):
            tax.request_statements(form=Form.NEC, year=year, by=None, reason=reason, now=after)
        assert not StatementRun.objects.exists()

    def test_a_file_is_taken_when_it_is_ready_and_on_record(self, after):
        finance = StaffFactory.create(role="finance")
        run = tax.request_statements(form=Form.NEC, year=2025, by=finance, reason="x", now=after)
        with pytest.raises(errors.StatementNotFound):
            tax.take_statements(run_id=run.pk, by=finance)
        while tax.make_step(now=after):
            pass
        tax.take_statements(run_id=run.pk, by=finance, ip="192.0.2.7")
        record = AuditRecord.objects.get(action="tax.statements_taken")
        assert (record.actor, record.facts["form"]) == (finance, "NEC")

    def test_the_command_refuses_a_year_to_come(self):
        with pytest.raises(CommandError):
            call_command("make_statements", "NEC", "2999", "--reason", "x")


def test_a_word_that_a_spreadsheet_would_run_is_defused():
    assert exports._safe("=1+1") == "'=1+1"
    assert exports._safe("-1.50") == "-1.50"
    assert exports._safe("@sum") == "'@sum"


def test_amounts_are_credit_positive_and_add_up(creator):
    tip(1, creator, "10.00", day(2), platform="1.00", processing="0.50")
    [flow] = ledger_selectors.creator_flows(
        owners=[f"profile:{creator.pk}"], start=date(2025, 1, 1), end=date(2025, 12, 31),
        posted_before=day(12),
    )  # fmt: skip
    assert (flow.flow, flow.net, flow.platform, flow.processing, flow.tax, flow.entries) == (
        "SALE", 850, 100, 50, 0, 1,
    )  # fmt: skip
