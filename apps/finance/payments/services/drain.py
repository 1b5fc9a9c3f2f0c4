"""What deliveries have in common, done for all of them at once: plain sales, and repeats.

Every row it writes is the one that ``hear_delivery`` would have written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.transaction import atomic

from apps.clusters.models import Cluster
from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.finance.payments.adapters.base import NotAuthentic, Notice, Told, Unreadable
from apps.finance.payments.choices import (
    HEARD,
    PAID,
    NoticeOutcome,
    Status,
    WebhookStatus,
)
from apps.finance.payments.models import (
    Attempt,
    MerchantAccount,
    Transaction,
    WebhookEvent,
    WebhookNotice,
)
from apps.finance.payments.rules.transitions import may_move
from apps.finance.payments.services.capture_many import Paid, capture_many
from apps.finance.payments.services.effects import facts_of
from apps.finance.payments.services.hear import row_of
from apps.finance.payments.services.notices import Heard
from apps.finance.payments.services.reading import read_delivery
from apps.finance.payments.services.waiting import wake_those_waiting_for
from apps.finance.payments.services.whose import is_of_account

_FINISH = (
    "UPDATE payments_webhookevent w SET status = d.status, error = d.error,"
    " event_type = d.event_type, dedupe_key = d.dedupe_key, duplicate_of_id = d.duplicate_of,"
    " transaction_id = d.transaction, claimed_until = NULL, processed_at = %s"
    " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],"
    " %s::bigint[]) AS d(id, status, error, event_type, dedupe_key, duplicate_of, transaction)"
    " WHERE w.id = d.id"
)

Key = tuple[str, str]


class _Sale(NamedTuple):
    """A delivery that says of one order that it is paid, and nothing else."""

    webhook: WebhookEvent
    notice: Notice
    token: UUID

    @property
    def key(self) -> Key:
        return (self.webhook.gateway, self.notice.dedupe_key)


_Of = tuple[_Sale, Transaction]


class _Known(NamedTuple):
    """What the database knows about the sales of a batch; the orders are locked."""

    orders: dict[UUID, Transaction]
    heard: dict[Key, WebhookNotice]
    #: The gateways' names for sales that paid for an order already.
    claimed: set[Key]
    #: Orders of more than one try, or with a means to keep: what follows is found out one by one.
    special: set[int]


def book_batch(batch: Sequence[WebhookEvent], *, now: datetime) -> set[int]:
    """
    Book what is plain in a batch of claimed deliveries; return the ids of those it finished.

    Plain: one piece of news, of an order that is paid as it was asked to be, or of one that is
    told again. All in one transaction: it happens as a whole or not at all, with as many
    statements for five hundred as for fifty. Everything else is left as it was.
    """
    sales = [sale for webhook in batch if (sale := _read(webhook))]
    return _book(sales, now) if sales else set()


def _read(webhook: WebhookEvent) -> _Sale | None:
    if webhook.card_data:
        return None  # alone, its end hides what it holds
    try:
        [notice] = read_delivery(webhook)
        if notice.told is not Told.PAID:
            return None
        return _Sale(webhook, notice, UUID(notice.token))
    except (NotAuthentic, Unreadable, DomainError, ValueError):
        return None  # alone it says why


@atomic
def _book(sales: Sequence[_Sale], now: datetime) -> set[int]:
    mine = _still_waiting(sales)
    sales = [sale for sale in sales if sale.webhook.pk in mine]
    known = _known(sales)
    firsts, repeats = _sorted(sales, known)
    capture_many(
        [Paid(order, sale.notice.reference, facts_of(sale.notice)) for sale, order in firsts],
        now=now,
        reason="The gateway's webhook says it is paid",
    )
    wake_those_waiting_for([order.pk for _, order in firsts], now=now)
    heard = known.heard | _write_firsts(firsts, now)
    _write_repeats(repeats, heard, now)
    _finish(firsts, repeats, heard, now)
    return {sale.webhook.pk for sale, _ in [*firsts, *repeats]}


def _sorted(sales: Sequence[_Sale], known: _Known) -> tuple[list[_Of], list[_Of]]:
    """Return what is to be booked, and what was told before: earlier, or earlier in the batch."""
    firsts: dict[Key, _Of] = {}
    repeats: list[_Of] = []
    references: set[Key] = set()
    taken: set[int] = set()
    for sale in sales:
        order = known.orders.get(sale.token)
        if order is None or not _fits(sale, order):
            continue
        if sale.key in known.heard or sale.key in firsts:
            repeats.append((sale, order))
            continue
        reference = (order.gateway, sale.notice.reference)
        if _is_plain(sale, order, known) and reference not in references and order.pk not in taken:
            firsts[sale.key] = (sale, order)
            references.add(reference)
            taken.add(order.pk)
    return list(firsts.values()), repeats


@joins_transaction
def _still_waiting(sales: Sequence[_Sale]) -> set[int]:
    """Lock the deliveries; leave out what another worker was faster with."""
    return set(
        WebhookEvent.objects.select_for_update()
        .filter(pk__in=[sale.webhook.pk for sale in sales], status=WebhookStatus.RECEIVED)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


@joins_transaction
def _known(sales: Sequence[_Sale]) -> _Known:
    orders = list(
        Transaction.objects.select_for_update()
        .filter(public_id__in={sale.token for sale in sales}, merchant_account__isnull=False)
        .order_by("pk")
    )
    accounts = MerchantAccount.objects.in_bulk({order.merchant_account_id for order in orders})
    brands = Cluster.objects.in_bulk({order.cluster_id for order in orders})
    for order in orders:
        order.merchant_account = accounts[order.merchant_account_id]
        order.cluster = brands[order.cluster_id]
    heard = WebhookNotice.objects.filter(
        dedupe_key__in=[sale.notice.dedupe_key for sale in sales], outcome__in=HEARD
    )
    claimed = Transaction.objects.filter(
        gateway_reference__in={sale.notice.reference for sale in sales} - {""},
        captured_at__isnull=False,
    )
    tries = list(
        Attempt.objects.select_for_update()
        .filter(transaction__in=[order.pk for order in orders])
        .order_by("pk")
        .values_list("transaction_id", "payment_method_id", "keep")
    )
    return _Known(
        orders={order.public_id: order for order in orders},
        heard={(row.gateway, row.dedupe_key): row for row in heard},
        claimed=set(claimed.values_list("gateway", "gateway_reference")),
        special={order_id for order_id, means, keep in tries if means or keep}
        | {
            order_id for order_id, count in Counter(each[0] for each in tries).items() if count > 1
        },
    )


def _fits(sale: _Sale, order: Transaction) -> bool:
    """Test what ``apply_notice`` would refuse."""
    account = order.merchant_account
    webhook, notice = sale.webhook, sale.notice
    return (
        account is not None
        and webhook.gateway == account.gateway
        and (account.credentials or account.gateway) == (webhook.credentials or webhook.gateway)
        and is_of_account(notice, account)
        and notice.amount == order.amount
    )


def _is_plain(sale: _Sale, order: Transaction, known: _Known) -> bool:
    return (
        order.status not in PAID
        and may_move(current=order.status, target=Status.CAPTURED)
        and order.settled_at is None
        and order.pk not in known.special
        and bool(sale.notice.reference)
        and (order.gateway, sale.notice.reference) not in known.claimed
    )


@joins_transaction
def _write_firsts(firsts: Sequence[_Of], now: datetime) -> dict[Key, WebhookNotice]:
    rows = WebhookNotice.objects.bulk_create(
        [
            row_of(sale.webhook, 1, sale.notice, Heard(NoticeOutcome.DONE, "", order), now)
            for sale, order in firsts
        ]
    )
    return {(row.gateway, row.dedupe_key): row for row in rows}


@joins_transaction
def _write_repeats(repeats: Sequence[_Of], heard: dict[Key, WebhookNotice], now: datetime) -> None:
    rows = []
    for sale, order in repeats:
        first = heard[sale.key]
        again = Heard(NoticeOutcome.REPEAT, _again(first), order, first)
        rows.append(row_of(sale.webhook, 1, sale.notice, again, now))
    WebhookNotice.objects.bulk_create(rows)


def _again(first: WebhookNotice) -> str:
    return f"Delivered again; the first is #{first.webhook_id}"


@joins_transaction
def _finish(
    firsts: Sequence[_Of],
    repeats: Sequence[_Of],
    heard: dict[Key, WebhookNotice],
    now: datetime,
) -> None:
    """Give the deliveries their ends in one statement."""
    rows: list[tuple[_Sale, Transaction, WebhookStatus, str, int | None]] = [
        (sale, order, WebhookStatus.PROCESSED, "", None) for sale, order in firsts
    ]
    for sale, order in repeats:
        first = heard[sale.key]
        rows.append((sale, order, WebhookStatus.IGNORED, _again(first), first.webhook_id))
    if not rows:
        return
    columns = zip(
        *(
            (
                sale.webhook.pk,
                status.value,
                error,
                sale.notice.event_type[:40],
                sale.notice.dedupe_key,
                first_id,
                order.pk,
            )
            for sale, order, status, error, first_id in rows
        ),
        strict=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, [now, *(list(column) for column in columns)])
