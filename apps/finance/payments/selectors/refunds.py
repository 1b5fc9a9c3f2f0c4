"""Refunds and disputes as staff, creators and the console's home ask for them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Q, QuerySet

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.core.sealing import unseal
from apps.finance.ledger import postings
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import Bearer
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.models import Dispute, Refund, Transaction
from apps.finance.payments.rules import parts
from apps.finance.payments.rules.disputes import WAITS_FOR_US
from apps.finance.payments.rules.drafts import Terms, refund_draft
from apps.finance.payments.rules.refunds import CLAIM_SEALED_AS, Destination, RefundState
from apps.finance.payments.selectors.given_back import (
    funds_of,
    left_of,
    policy_of,
    room_of,
    whole_of,
)


class PreviewLine(NamedTuple):
    """A line of an entry to be, positive on its side."""

    account: str
    debit: Money | None
    credit: Money | None


def refunds_of(profile: Profile) -> QuerySet[Refund]:
    """Return refunds of what a profile paid, and those booked of what it received, the newest
    first. A fan reads of their own at every state but a request nobody has decided."""
    return (
        Refund.objects.filter(
            Q(transaction__payer=profile) | Q(transaction__payee=profile),
            transaction__cluster_id=profile.cluster_id,
            state__in=[RefundState.PENDING, RefundState.DONE, RefundState.FAILED],
        )
        .exclude(state=RefundState.FAILED, handed_over_at__isnull=True)
        .select_related("transaction__payer", "transaction__payee")
        .order_by("-created_at", "-id")
    )


def disputes_of(creator: Profile) -> QuerySet[Dispute]:
    """Return the disputes about what a creator received, the newest first."""
    return (
        Dispute.objects.filter(
            transaction__payee=creator, transaction__cluster_id=creator.cluster_id
        )
        .select_related("transaction__payer")
        .prefetch_related("rounds__reserve")
        .order_by("-opened_at", "-id")
    )


def refunds_to_decide(by_id: int) -> QuerySet[Refund]:
    """Return the queue of one who decides: what others asked for, the oldest first."""
    return Refund.objects.filter(state=RefundState.REQUESTED).exclude(by=by_id).order_by("id")


def refunds_for_a_person() -> QuerySet[Refund]:
    """Return refunds at which the machine has stopped, or whose outcome is not known."""
    return Refund.objects.filter(Q(needs_attention=True) | Q(state=RefundState.UNKNOWN)).order_by(
        "id"
    )


def disputes_by_deadline() -> QuerySet[Dispute]:
    """Return what waits for us, the most urgent first; without a deadline last."""
    return Dispute.objects.filter(stage__in=WAITS_FOR_US).order_by(
        F("due_at").asc(nulls_last=True), "id"
    )


def since(rows: QuerySet[Refund] | QuerySet[Dispute], column: str, limit: int) -> list[datetime]:
    """Return since when the rows of a queue wait, capped."""
    return list(rows.values_list(column, flat=True)[:limit])


def preview_of(
    transaction: Transaction,
    amount: Money,
    *,
    at: datetime,
    destination: str = "",
    refund: Refund | None = None,
) -> list[PreviewLine]:
    """
    Return the entry that a refund of ``amount`` would be, from what creators have now.

    A refund that is asked for goes by the policy of its time, a new one by that of ``at``.

    :raises RefundExceedsSale: more than what is left
    :raises AmountOutOfRange: nothing goes back
    """
    policy = policy_of(cluster_id=transaction.cluster_id, currency=transaction.currency, at=at)
    by = refund or policy
    left = left_of(transaction, whole_of(transaction))
    part = parts.taken(left, amount)
    wallet = transaction.method == Method.WALLET and transaction.kind != Kind.WALLET_DEPOSIT
    draft = refund_draft(
        refund_id=refund.pk if refund else 0,
        part=part,
        fan_id=transaction.payer_id,
        gateway=transaction.gateway,
        destination=destination or (Destination.WALLET if wallet else Destination.GATEWAY),
        terms=Terms(
            by.platform_fee_returned,
            by.processing_fee_returned,
            Bearer(by.kept_fees_borne_by),
        ),
        funds=funds_of([share.creator_id for share in part.sale.shares], amount.currency),
    )
    return [_line(movement) for movement in draft.movements]


def claim_url_of(refund: Refund) -> str:
    """Return where its payer claims a refund that is on its way, or nothing. Whoever has the
    address can claim the money: it is shown to the payer, and to those who approve refunds."""
    if refund.state != RefundState.PENDING or not refund.sealed_claim:
        return ""
    return unseal(refund.sealed_claim, purpose=CLAIM_SEALED_AS)


def left_to_refund(transaction: Transaction) -> Money:
    """Return what can still be refunded."""
    return room_of(transaction)


def _line(movement: postings.Movement) -> PreviewLine:
    account, money = movement
    name = f"{account.code} {CHART[account.code].name}"
    name = f"{name} · {account.owner}" if account.owner else name
    return PreviewLine(
        name, money if money.minor > 0 else None, -money if money.minor < 0 else None
    )
