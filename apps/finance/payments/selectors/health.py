"""Whether payments can be taken; no secrets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from apps.finance.payments.adapters import GATEWAYS
from apps.finance.payments.choices import WebhookStatus
from apps.finance.payments.models import MerchantAccount, WebhookEvent
from apps.finance.payments.selectors.merchants import of_gateway


@dataclass(frozen=True, slots=True)
class GatewayHealth:
    gateway: str
    configured: bool
    active_accounts: int
    last_webhook_age_seconds: int | None
    webhooks_waiting: int


def gateway_health(*, now: datetime) -> list[GatewayHealth]:
    """Return one row a gateway (PAY-12)."""
    rows = []
    for name, gateway in GATEWAYS.items():
        inbox = WebhookEvent.objects.filter(gateway=name)
        last = inbox.aggregate(last=Max("received_at"))["last"]
        rows.append(
            GatewayHealth(
                gateway=name,
                configured=gateway.needs <= of_gateway(name).config.keys(),
                active_accounts=MerchantAccount.objects.filter(
                    gateway=name, is_active=True
                ).count(),
                last_webhook_age_seconds=int((now - last).total_seconds()) if last else None,
                webhooks_waiting=inbox.filter(status=WebhookStatus.RECEIVED).count(),
            )
        )
    return rows
