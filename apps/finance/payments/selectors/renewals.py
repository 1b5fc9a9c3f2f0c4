"""Who charges the renewals of what was sold."""

from __future__ import annotations

from enum import Enum

from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import RebillBy, Renewal
from apps.finance.payments.choices import PAID, AttemptKind, AttemptStatus
from apps.finance.payments.models import MerchantAccount, Transaction

_BY_GATEWAY = frozenset({RebillBy.GATEWAY, RebillBy.EITHER})


class Renewer(Enum):
    """Who charges the next period of a sale."""

    GATEWAY = "the gateway, by itself"
    US = "this platform: from the wallet, or by a stored means"


def renews_by(account: MerchantAccount) -> RebillBy:
    """Return who can start renewals of what is sold at an account."""
    return gateway_for(account.gateway).capabilities.rebill_by


def renewed_by(transaction_id: int) -> Renewer:
    """
    Return who charges the renewals of a paid sale: the gateway where it was asked to (``renews``
    of ``start_sale``), and it was sold on a page that takes such a wish; else this platform.
    Never both: what the gateway was told is what counts, not what it could do.
    """
    transaction = Transaction.objects.get(pk=transaction_id)
    if transaction.status not in PAID or not transaction.renewal:
        return Renewer.US
    paid = transaction.attempts.filter(status=AttemptStatus.PAID).order_by("-number").first()
    kind = paid.kind if paid else AttemptKind.HOSTED
    asked = renewal_asked(transaction, kind=kind, gateway=transaction.gateway)
    return Renewer.GATEWAY if asked else Renewer.US


def renewal_asked(transaction: Transaction, *, kind: str, gateway: str) -> Renewal | None:
    """Return what a gateway is told to charge by itself after a sale on its page, or None."""
    able = gateway_for(gateway).capabilities
    wished = transaction.renewal
    if not (wished and able.takes_renewals and able.rebill_by in _BY_GATEWAY):
        return None
    if kind != AttemptKind.HOSTED:
        return None
    return Renewal(
        amount=Money(wished["amount_minor"], wished["currency"]),
        first_days=wished["first_days"],
        days=wished["days"],
        times=wished["times"],
    )


def asked_to_renew(transaction_id: int) -> Money | None:
    """Return what a gateway was told to charge after a first sale, tax in it; None: nothing."""
    wished = (
        Transaction.objects.filter(pk=transaction_id).values_list("renewal", flat=True).first()
    )
    return Money(wished["amount_minor"], wished["currency"]) if wished else None


def renewals_of(transaction_id: int) -> list[Transaction]:
    """Return what a gateway charged by itself after a first sale, in order."""
    return list(Transaction.objects.filter(renewal_of=transaction_id).order_by("id"))
