"""What buyers and givers are told by mail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from apps.clusters import selectors as clusters
from apps.core.db import joins_transaction
from apps.finance.payments.choices import Method
from apps.finance.purchases.models import Goal, Purchase
from apps.notifications import services as notifications

#: Of what a wallet pays no card statement tells.
_NO_STATEMENT = "Nothing: it was paid from your wallet"


@joins_transaction
def tell_bought(purchase: Purchase, *, now: datetime) -> None:
    """Queue the receipt of what a wallet paid; a card's payment has its own. Once for ever."""
    transaction, item = purchase.transaction, purchase.item
    if transaction is None or transaction.method != Method.WALLET:
        return
    notifications.queue(
        notifications.Message(
            kind="purchase.receipt",
            to=purchase.buyer.user_id,
            cluster_id=purchase.cluster_id,
            key=f"{purchase.source}:receipt",
            context={
                "creator": item.creator.display_name,
                "item": item.title,
                "amount": transaction.amount.formatted,
                "tax": transaction.tax.formatted if transaction.tax_minor else "",
                "paid_on": (purchase.paid_at or now).date().isoformat(),
                "descriptor": _NO_STATEMENT,
                "reference": str(transaction.public_id),
                "manage_url": f"{clusters.origin_of(purchase.cluster)}/purchases/",
            },
            subject_ref=purchase.source,
        ),
        now=now,
    )


@joins_transaction
def tell_reached(goal: Goal, givers: Iterable[int], *, now: datetime) -> None:
    """Queue the news that a goal is reached for these people (user ids). Once for ever each."""
    notifications.queue_many(
        [
            notifications.Message(
                kind="goal.reached",
                to=user_id,
                cluster_id=goal.cluster_id,
                key=f"{goal.subject}:reached:{user_id}",
                context={
                    "creator": goal.creator.display_name,
                    "goal": goal.title,
                    "amount": goal.raised.formatted,
                    "manage_url": f"{clusters.origin_of(goal.cluster)}/@{goal.creator.handle}/",
                },
                subject_ref=goal.subject,
            )
            for user_id in givers
        ],
        now=now,
    )
