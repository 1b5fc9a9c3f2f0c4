"""PAY-2: fees are dated, begin in the future and are never edited."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.finance.payments import errors, selectors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.models import FeeSchedule
from apps.finance.payments.rules.fees import Rates

pytestmark = pytest.mark.django_db


TWELVE_PERCENT = Rates(1200, 500, 0)


def set_fee(cluster, now, *, rates=TWELVE_PERCENT, days=1, kind=Kind.TIP, reason="Agreed"):
    return payments.set_fee(
        cluster=cluster,
        kind=kind,
        method=Method.CARD,
        rates=rates,
        effective_from=now + timedelta(days=days),
        by=None,
        reason=reason,
        now=now,
    )


def platform_fee(cluster, at):
    amount = Money.of("100.00", "USD")
    return selectors.quote(
        cluster=cluster, kind=Kind.TIP, method=Method.CARD, amount=amount, at=at
    ).platform_fee


class TestSetFee:
    def test_counts_from_its_moment_on_its_brand_only(self, boyfanz, girlfanz, now):
        set_fee(boyfanz, now)

        later = now + timedelta(days=1)
        assert platform_fee(boyfanz, now) == Money.of("15.00", "USD")
        assert platform_fee(boyfanz, later) == Money.of("12.00", "USD")
        assert platform_fee(girlfanz, later) == Money.of("15.00", "USD")
        assert AuditRecord.objects.get(action="payments.fee_set").facts["platform_bps"] == 1200

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"days": 0}, errors.FeeInThePast),
            ({"reason": " "}, errors.ReasonMissing),
            ({"rates": Rates(9_900, 200, 0)}, errors.FeeNotPossible),
            ({"rates": Rates(100, 0, 0), "kind": Kind.WALLET_DEPOSIT}, errors.FeeNotPossible),
        ],
    )
    def test_refuses_and_changes_nothing(self, boyfanz, now, changes, refusal):
        before = FeeSchedule.objects.count()

        with pytest.raises(refusal):
            set_fee(boyfanz, now, **changes)

        assert FeeSchedule.objects.count() == before

    def test_is_never_set_twice_for_one_moment(self, boyfanz, now):
        set_fee(boyfanz, now)

        with pytest.raises(errors.FeeTaken):
            set_fee(boyfanz, now, rates=Rates(1100, 500, 0))

        assert platform_fee(boyfanz, now + timedelta(days=2)) == Money.of("12.00", "USD")

    def test_by_command(self, boyfanz, now):
        wish = ["TIP", "CARD", "--brand", "boyfanz", "--platform-bps", "1000", "--reason", "Deal"]

        call_command("set_fee", *wish, "--from", "2999-01-01")

        with pytest.raises(CommandError, match="in the future only"):
            call_command("set_fee", *wish, "--from", "2020-01-01")
        with pytest.raises(CommandError, match="neither a date nor a time"):
            call_command("set_fee", *wish, "--from", "soon")
        assert FeeSchedule.objects.get(cluster=boyfanz).platform_bps == 1000
