"""Payments and rules for tests of risk."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.core.money import Money
from apps.finance.risk import services as risk
from apps.finance.risk.models import Assessment, RiskRule
from tests.factories.accounts import StaffFactory

_numbers = iter(range(1, 10**9))


def facts(amount: str = "25.00", currency: str = "USD", **changes: Any) -> risk.RiskFacts:
    usual: dict[str, Any] = {
        "cluster": "boyfanz",
        "payer_id": 17,
        "kind": "TIP",
        "ip": "203.0.113.9",
        "email": "fan@mail.example",
        "fingerprint": "card-1",
        "bin": "411111",
        "country_card": "DE",
        "country_place": "DE",
        "country_ip": "DE",
        "account_created_at": datetime.fromisoformat("2025-01-01T00:00:00+00:00"),
    }
    return risk.RiskFacts(amount=Money.of(amount, currency), **{**usual, **changes})


def assessed(*, now: datetime, subject: str = "", **changes: Any) -> Assessment:
    with transaction.atomic():
        return risk.assess(
            subject=subject or f"transaction:{next(_numbers)}", facts=facts(**changes), now=now
        )


def in_shadow(
    kind: str = "VELOCITY", score: int = 60, code: str = "a_rule", *, by: Any = None,
    now: datetime, **params: Any,
) -> RiskRule:  # fmt: skip
    return risk.write_rule(
        code=code,
        kind=kind,
        score=score,
        params=params,
        by=by or StaffFactory.create(role="finance"),
        reason="seen lately",
        now=now,
    )


def live(kind: str = "VELOCITY", score: int = 60, code: str = "a_rule", *, now: datetime,
         **params: Any) -> RiskRule:  # fmt: skip
    """A rule that two people made live."""
    rule = in_shadow(kind, score, code, now=now - timedelta(days=1), **params)
    return risk.make_rule_live(
        rule_id=rule.pk, by=StaffFactory.create(role="finance"), reason="tested", now=now
    )
