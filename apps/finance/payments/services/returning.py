"""The payer's browser comes back from the gateway's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.transaction import atomic

from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import Account, NotAuthentic, Returned, Unreadable
from apps.finance.payments.choices import Gateway, Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules.transitions import may_move
from apps.finance.payments.rules.waiting import ASK_AFTER_HINT, LOOK_UP_AFTER
from apps.finance.payments.selectors.merchants import account_of, of_gateway
from apps.finance.payments.services.intruders import record_bad_return
from apps.finance.payments.services.move import fail, move, note

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

#: States that a denial brought back by a browser may end.
_DENIABLE = frozenset({Status.REQUIRES_ACTION, Status.EXPIRED})


def record_return(
    *,
    cluster: Cluster,
    params: Mapping[str, str],
    now: datetime,
    public_id: UUID | None = None,
    remote_ip: str = "",
) -> Transaction:
    """
    Note what the payer's browser brought back, and return the payment to show.

    Approved is a promise, not money: the payment waits in PROCESSING for the webhook.
    Declined ends it in FAILED while it waits for its payer or is abandoned: the digest does
    not name the order, so anybody's denial could end anything later. What no signature proves is
    a hint: the gateway is asked. Repeating changes nothing.

    ``public_id`` is the order that the address named; without it the answer is CCBill's, whose
    console holds one address for all.

    :raises ReturnRefused: the answer is not proved by the gateway's digest
    :raises TransactionNotFound: no such payment on this brand
    """
    gateway, account = _who(cluster, public_id)
    try:
        returned = gateway_for(gateway).parse_return(params, account)
        _check_address(returned, public_id)
    except (NotAuthentic, Unreadable) as error:
        record_bad_return(cluster=cluster, reason=str(error), remote_ip=remote_ip)
        raise errors.ReturnRefused() from error
    return _record(cluster, returned, now)


def _check_address(returned: Returned, public_id: UUID | None) -> None:
    """
    :raises NotAuthentic: the answer is about another order than the address it came to
    """
    if public_id and returned.token != str(public_id):
        raise NotAuthentic("it names another order than its address")


def _who(cluster: Cluster, public_id: UUID | None) -> tuple[str, Account]:
    """Return whose answer it is, and what it is proved with."""
    if public_id is None:
        return Gateway.CCBILL, of_gateway(Gateway.CCBILL)
    transaction = (
        Transaction.objects.select_related("merchant_account")
        .filter(public_id=public_id, cluster=cluster)
        .first()
    )
    if transaction is None or transaction.merchant_account is None:
        raise errors.TransactionNotFound()
    return transaction.gateway, account_of(transaction.merchant_account)


@atomic
def _record(cluster: Cluster, returned: Returned, now: datetime) -> Transaction:
    transaction = _locked(cluster, returned.token)
    if transaction.settled_at:
        return transaction
    if not returned.proved:
        _hinted(transaction, returned, now)
    elif returned.approved:
        _approved(transaction, returned, now)
    elif transaction.status in _DENIABLE:
        fail(
            transaction=transaction,
            now=now,
            code=returned.code,
            reason=returned.reason,
            facts={"denial": returned.reference},
        )
    else:
        _note_once(transaction, now, "A return with a denial changed nothing", returned)
    return transaction


def _note_once(transaction: Transaction, now: datetime, reason: str, returned: Returned) -> None:
    """One line for each payment and reason: coming back again must not fill its history."""
    if not transaction.history.filter(reason=reason).exists():
        note(
            transaction=transaction,
            now=now,
            reason=reason,
            facts={"reference": returned.reference},
        )


def _hinted(transaction: Transaction, returned: Returned, now: datetime) -> None:
    """Anybody can write it: ask the gateway soon, and change nothing."""
    waits = transaction.status == Status.REQUIRES_ACTION
    if returned.approved and waits and transaction.next_look_up_at is None:
        transaction.next_look_up_at = now + ASK_AFTER_HINT
        transaction.look_ups = 0
        transaction.save(update_fields=["next_look_up_at", "look_ups"])
    words = "approval" if returned.approved else "denial"
    _note_once(transaction, now, f"The payer came back with an unproved {words}", returned)


def _approved(transaction: Transaction, returned: Returned, now: datetime) -> None:
    if not may_move(current=transaction.status, target=Status.PROCESSING):
        return
    # The digest proves the sale, not the order: one sale cannot pay two orders.
    if (
        Transaction.objects.filter(
            gateway=transaction.gateway, gateway_reference=returned.reference
        )
        .exclude(pk=transaction.pk)
        .exists()
    ):
        _note_once(
            transaction, now, "A return named a sale that belongs to another payment", returned
        )
        return
    transaction.gateway_reference = returned.reference
    transaction.next_look_up_at = now + LOOK_UP_AFTER
    transaction.look_ups = 0
    move(
        transaction=transaction,
        target=Status.PROCESSING,
        now=now,
        reason="The payer came back with the gateway's approval",
        facts={"reference": returned.reference},
    )


def _locked(cluster: Cluster, token: str) -> Transaction:
    try:
        public_id = UUID(token)
    except ValueError as error:
        raise errors.TransactionNotFound() from error
    found = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster", "merchant_account", "payee")
        .filter(public_id=public_id, cluster=cluster)
        .first()
    )
    if found is None:
        raise errors.TransactionNotFound()
    return found
