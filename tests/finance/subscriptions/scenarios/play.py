"""Plays a story and holds what came of it against what it promises."""

from __future__ import annotations

import itertools
from typing import Any

from django.db.models import Sum

from apps.finance.ledger import services as ledger
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions.choices import PeriodState
from apps.finance.subscriptions.models import Period
from tests.finance.subscriptions.scenarios import clock
from tests.finance.subscriptions.scenarios.stage import Stage, Story


def play(story: Story, sandbox: Any = None) -> Stage:
    """Play it, and check all that it promises; return the stage for more questions."""
    stage = Stage(story, sandbox)
    stage.play()
    check(stage)
    return stage


def check(stage: Stage) -> None:
    story = stage.story
    assert stage.charges() == story.charges
    subscription = stage.subscription
    state = f"{subscription.state} {subscription.end_reason}".strip()
    assert state == story.state
    if story.paid_until:
        assert clock.day(subscription.current_until) == story.paid_until
    for kind, moments in story.mails.items():
        assert stage.mailed(kind) == moments, kind
    check_periods(stage)
    check_books(stage)


def check_periods(stage: Stage) -> None:
    """Every period once, one after the other, each with a payment of its own."""
    for subscription in {sale.subject.split(":")[1] for sale in stage.sold()}:
        rows = list(Period.objects.filter(subscription_id=subscription).order_by("number"))
        paid = [row for row in rows if row.state == PeriodState.PAID]
        assert [row.number for row in rows] == sorted({row.number for row in rows})
        assert all(later.from_at >= earlier.from_at for earlier, later in itertools.pairwise(paid))
        payments = [row.transaction_id for row in rows if row.transaction_id is not None]
        assert len(payments) == len(set(payments))


def check_books(stage: Stage) -> None:
    """The creator earned exactly the nets of what was charged, less what went back."""
    assert ledger.check_books(now=stage.now).ok
    sold = Transaction.objects.filter(pk__in=[sale.pk for sale in stage.sold()])
    if not sold.filter(refunded_minor__gt=0).exists():
        nets = sold.exclude(status="DISPUTED").aggregate(total=Sum("net_minor"))["total"] or 0
        if not sold.filter(status="DISPUTED").exists():
            assert stage.earned() == nets
