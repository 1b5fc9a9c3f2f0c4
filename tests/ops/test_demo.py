"""The demo has people worth meeting, on every brand, up to this very hour."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.conf import settings

from apps.accounts import selectors as accounts
from apps.accounts.models import Profile
from apps.clusters import selectors as clusters
from apps.clusters.models import Cluster
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import selectors as payments
from apps.finance.payments.models import MerchantAccount, Refund, Transaction
from apps.finance.purchases import selectors as purchases
from apps.finance.subscriptions.selectors import gifts
from apps.ops import rules, services
from apps.payouts import selectors as payouts
from apps.payouts.models import Payout

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]
SMALL = rules.Size(days=30, creators=36, fans=9, seed=1)


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


def lead(handle: str, brand: str = "boyfanz") -> Profile:
    return Profile.objects.get(handle=handle, cluster__slug=brand)


def proposals() -> int:
    """One account waits for a second person, where this machine has its secrets."""
    return int("nmi" in settings.GATEWAY_CREDENTIALS)


def rows() -> tuple[int, int, int]:
    return (Transaction.objects.count(), Payout.objects.count(), Profile.objects.count())


def test_is_taken_up_again_when_interrupted_and_made_only_once(now: datetime) -> None:
    days = count()

    def stop_half_way() -> None:
        if next(days) == 22:
            raise Interrupted

    with pytest.raises(Interrupted):
        services.seed_demo(now=now, size=SMALL, on_day=stop_half_way)
    half = rows()
    services.seed_demo(now=now, size=SMALL)
    made = rows()
    services.seed_demo(now=now + timedelta(hours=1), size=SMALL)

    assert rows() == made > half
    asked = Payout.objects.filter(creator=lead("demo-creator")).order_by("requested_at")
    assert [(payout.status, payout.approvals.count()) for payout in asked] == [
        ("PAID", 2),
        ("IN_REVIEW", 1),
        ("REQUESTED", 0),
    ]
    keys = Counter(Transaction.objects.values_list("payer", "idempotency_key"))
    assert set(keys.values()) == {1}
    assert ledger.trial_balance()
    check = ledger.last_check()
    assert check is not None
    assert check.ok


def test_leaves_people_on_every_brand_money_and_one_case_in_each_queue(now: datetime) -> None:
    services.seed_demo(now=now, size=SMALL)

    for brand in ("boyfanz", "girlfanz"):
        wallet = ledger.balance_of(postings.wallet(lead("demo-fan", brand).pk), "USD")
        assert wallet.minor > 20_00
        creator = lead("demo-creator", brand)
        assert purchases.items_of(creator).count() == 3
        assert purchases.goals_of(creator).filter(raised_minor__gt=0).count() == 2
        assert gifts.gifts_given(lead("demo-fan", brand)).get().state == "PAID"
        assert gifts.gifts_received(lead("demo-fan", brand)).count() == 1
        assert payouts.available_of(lead("demo-creator", brand), "USD").minor > 20_00
        assert payments.transactions_of(lead("demo-fan", brand)).count() >= 3
    assert payouts.methods_of(lead("demo-creator")).count() == 1
    assert not Payout.objects.filter(status__in=["APPROVED", "SENDING", "UNKNOWN"]).exists()
    waiting = Transaction.objects.filter(status__in=["CREATED", "PROCESSING", "UNKNOWN"])
    assert sorted(waiting.values_list("idempotency_key", "status")) == [
        ("demo-review", "CREATED"),
        ("demo-unknown", "UNKNOWN"),
    ]
    assert {*Refund.objects.values_list("state", flat=True)} >= {"DONE", "REQUESTED"}
    assert MerchantAccount.objects.filter(proposed_at__isnull=False).count() == proposals()
    captured = [item.captured_at for item in Transaction.objects.filter(status="CAPTURED")]
    assert all(at is not None and now - timedelta(days=31) < at <= now for at in captured)
    assert {at.date() for at in captured if at} >= {
        (now - timedelta(days=ago)).date() for ago in range(3)
    }
    for cluster in clusters.active_clusters():
        creators = list(accounts.creators_of(cluster))
        assert 4 <= len(creators) <= 6
        assert all(creator.bio and creator.display_name for creator in creators)
    assert Cluster.objects.count() == 9
