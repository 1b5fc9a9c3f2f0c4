"""Sell to thousands of wallets at once: the rows of ``sell_from_wallet``, by the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection

from apps.clusters.models import Cluster
from apps.core import events
from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import Outcome
from apps.finance.ledger.errors import InsufficientFunds
from apps.finance.payments import errors
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.events import PaymentCaptured
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules import limits
from apps.finance.payments.rules.spending import Breach
from apps.finance.payments.selectors.fees import Terms
from apps.finance.payments.services import sell_rows
from apps.finance.payments.services.entries import FROM_WALLET
from apps.finance.payments.services.sell_batch import (
    Batch,
    Refused,
    Sold,
    Split,
    WalletSale,
    split_of,
)
from apps.finance.payments.services.spending import breaches_of, reached
from apps.finance.payments.services.taxes import record_taxes_of_many
from apps.finance.tax.selectors import Buyer


@joins_transaction
def sell_many_from_wallet(
    sales: Sequence[WalletSale],
    *,
    kind: Kind,
    now: datetime,
    beside: Callable[[Sequence[Sold | Refused]], None] | None = None,
) -> list[Sold | Refused]:
    """
    Sell to many wallets: captured, booked and told to higher apps, in the caller's transaction.

    One statement for each table, whatever the number; 500 to 1,000 at once are fastest. Answers
    come in the order given. What cannot be sold is refused by itself: nothing of it is kept, and
    it stops no other. Two sales to one wallet are judged one after the other. A key that was sold
    before is answered with its first payment. The ledger's locks are held to the end of the
    transaction: let nothing follow that posts again.

    ``beside`` is given the answers and writes what else the sales bring; the books come after it,
    as the last thing. Batches at once all move the same accounts: so each holds these for as
    short as can be, and the others need not wait while it writes the rest.

    :raises BalanceMoved: with ``beside`` only: a wallet was emptied since it was looked at. Roll
        back what was done, and sell without ``beside``
    """
    if len({(sale.fan_id, sale.idempotency_key) for sale in sales}) < len(sales):
        answers = _with_twins(sales, kind, now)
        if beside is not None:
            beside(answers)
        return answers
    batch = Batch(sales, kind, now, [None] * len(sales), [None] * len(sales))
    if not sales:
        return []
    _check_parties(batch)
    _price(batch)
    _judge(batch)
    chosen = _insert(batch, batch.waiting())
    if beside is None:
        _book(batch, chosen)
        return batch.told()
    _write(batch, chosen)
    beside(batch.told())
    _book_last(batch, chosen)
    return batch.told()


def _with_twins(sales: Sequence[WalletSale], kind: Kind, now: datetime) -> list[Sold | Refused]:
    """Sell each key once; the second of its name is answered like a call made again."""
    first: dict[tuple[int, str], int] = {}
    for i, sale in enumerate(sales):
        first.setdefault((sale.fan_id, sale.idempotency_key), i)
    places = list(first.values())
    answers = sell_many_from_wallet([sales[i] for i in places], kind=kind, now=now)
    by_place = dict(zip(places, answers, strict=True))
    every = []
    for i, sale in enumerate(sales):
        place = first[sale.fan_id, sale.idempotency_key]
        answer = by_place[place]
        if place != i and isinstance(answer, Sold):
            answer = answer._replace(replayed=True)
        if sale != sales[place]:
            error = errors.KeyReused(key=sale.idempotency_key)
            answer = Refused(error.code, error.facts)
        every.append(answer)
    return every


# --- What may be sold ----------------------------------------------------------------------------
def _check_parties(batch: Batch) -> None:
    """Refuse what ``purchase.wish_of`` refuses."""
    parties = [(sale.fan_id, sale.creator_id, sale.cluster_id) for sale in batch.sales]
    for place, is_elsewhere, is_oneself in sell_rows.misfits(parties):
        if is_elsewhere:
            batch.refuse(place, errors.CreatorNotFound())
        elif is_oneself:
            batch.refuse(place, errors.SoldToOneself())
        else:
            batch.refuse(place, errors.NotACreator())


def _price(batch: Batch) -> None:
    """Work out what each is split into: once for each price, brand and place."""
    quotes = _Quotes(batch)
    known: dict[tuple[object, ...], Split | DomainError] = {}
    for i in batch.waiting():
        sale = batch.sales[i]
        what = (sale.cluster_id, sale.amount, sale.buyer_country, sale.occasion)
        if (split := known.get(what)) is None:
            split = known[what] = quotes.split(sale)
        if isinstance(split, DomainError):
            batch.refuse(i, split)
        elif not sale.subject or len(sale.subject) > limits.SUBJECT_MAX:
            batch.refuse(i, errors.NotForSale(subject=sale.subject[: limits.SUBJECT_MAX]))
        else:
            batch.splits[i] = split


class _Quotes:
    """Fees and taxes of a batch: read once for each brand."""

    def __init__(self, batch: Batch) -> None:
        self._kind, self._now = batch.kind, batch.now
        self._clusters = Cluster.objects.in_bulk({sale.cluster_id for sale in batch.sales})
        self._terms: dict[int, Terms] = {}

    def split(self, sale: WalletSale) -> Split | DomainError:
        """Return the split, or why there is none."""
        try:
            limits.check_sold(kind=self._kind, subject="-", occasion=sale.occasion)
            limits.check_wallet_sale(self._kind, sale.amount)
            quote = self._terms_of(sale.cluster_id).quote(
                sale.amount, Buyer(declared=sale.buyer_country)
            )
        except DomainError as error:
            return error
        return split_of(quote)

    def _terms_of(self, cluster_id: int) -> Terms:
        if cluster_id not in self._terms:
            self._terms[cluster_id] = Terms(
                cluster=self._clusters[cluster_id],
                kind=self._kind,
                method=Method.WALLET,
                at=self._now,
            )
        return self._terms[cluster_id]


# --- What can be paid ----------------------------------------------------------------------------
def _judge(batch: Batch) -> None:
    """
    Refuse what fans do not let themselves spend, and what the wallets do not hold, as far as can
    be seen: the ledger has the last word.

    Only where one seems short are the keys looked up: one sold before needs no money again.
    """
    short, broken = _short(batch), _breaches(batch)
    if (short or broken) and _replayed(batch, batch.waiting()):
        short, broken = _short(batch), _breaches(batch)
    for i, breach in broken.items():
        batch.refuse(i, reached(breach))
    for i in short:
        batch.refuse(i, _too_little(batch.split(i).amount))


def _breaches(batch: Batch) -> dict[int, Breach]:
    """Return which sales would break a limit of the fans' own."""
    waiting = batch.waiting()
    wanted = [(batch.sales[i].fan_id, batch.split(i).amount) for i in waiting]
    judged = zip(waiting, breaches_of(wanted, now=batch.now), strict=True)
    return {i: breach for i, breach in judged if breach is not None}


def _short(batch: Batch) -> list[int]:
    """Return which sales their wallets cannot pay, those before them paid."""
    waiting = batch.waiting()
    wallets = list(
        dict.fromkeys(
            (postings.wallet(batch.sales[i].fan_id), batch.split(i).amount.currency)
            for i in waiting
        )
    )
    left = dict(zip(wallets, ledger_selectors.available_of_many(wallets), strict=True))
    short = []
    for i in waiting:
        amount = batch.split(i).amount
        wallet = (postings.wallet(batch.sales[i].fan_id), amount.currency)
        if left[wallet] < amount.minor:
            short.append(i)
        else:
            left[wallet] -= amount.minor
    return short


def _too_little(amount: Money) -> DomainError:
    return errors.InsufficientWallet(amount=str(amount.decimal), currency=amount.currency)


# --- What is written -----------------------------------------------------------------------------
def _insert(batch: Batch, wanted: Sequence[int]) -> dict[int, int]:
    """Write the payments, captured; return their ids. Those whose key another one has are
    answered with it."""
    if not wanted:
        return {}
    ids = sell_rows.draw_ids(len(wanted))
    rows = [
        (pk, sale.cluster_id, sale.fan_id, sale.creator_id, *batch.split(i).columns, sale.subject,
         sale.occasion.value, sale.idempotency_key)
        for pk, i in zip(ids, wanted, strict=True)
        for sale in (batch.sales[i],)
    ]  # fmt: skip
    written = sell_rows.insert_captured(rows, kind=batch.kind, now=batch.now)
    chosen = dict(zip(wanted, ids, strict=True))
    if written == len(rows):
        return chosen
    there = sell_rows.which_exist(ids)
    others = [i for i, pk in chosen.items() if pk not in there]
    _replayed(batch, others)
    return {i: pk for i, pk in chosen.items() if pk in there}


def _replayed(batch: Batch, wanted: Sequence[int]) -> bool:
    """Answer those whose key was sold before; return whether there are any."""
    sales = batch.sales
    named = [(sales[i].fan_id, sales[i].idempotency_key) for i in wanted]
    first = sell_rows.sold_before(named)
    for i, name in zip(wanted, named, strict=True):
        if (before := first.get(name)) is None:
            continue
        sale = sales[i]
        same = (batch.kind, Method.WALLET, sale.creator_id, sale.amount, sale.subject,
                sale.occasion)  # fmt: skip
        if before.sold == same:
            batch.answers[i] = Sold(before.pk, before.amount, replayed=True)
        else:
            batch.refuse(i, errors.KeyReused(transaction=before.public_id))
    return bool(first)


def _book(batch: Batch, chosen: dict[int, int]) -> None:
    """Post them; of those the ledger takes, write the rest."""
    drafts = {i: _draft(batch, i, pk) for i, pk in chosen.items()}
    refused = _post(batch, drafts)
    for i, answer in refused.items():
        batch.answers[i] = answer
    sell_rows.forget([chosen[i] for i in refused])
    _write(batch, {i: pk for i, pk in chosen.items() if i not in refused})


def _book_last(batch: Batch, chosen: dict[int, int]) -> None:
    """Post them when all else is written and proved: the foreign keys are looked at before."""
    drafts = [_draft(batch, i, pk) for i, pk in chosen.items()]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    try:
        ledger.post_many(drafts, now=batch.now)
    except DomainError as error:
        raise errors.BalanceMoved(code=error.code) from error


def _write(batch: Batch, sold: dict[int, int]) -> None:
    """Answer, write their history and taxes, tell higher apps."""
    for i, pk in sold.items():
        batch.answers[i] = Sold(pk, batch.split(i).amount)
    sell_rows.insert_history(list(sold.values()), now=batch.now, reason="Paid from the wallet")
    _record_taxes(batch, sold)
    events.publish_many([_captured(batch, i, pk) for i, pk in sold.items()])


def _draft(batch: Batch, i: int, pk: int) -> postings.Draft:
    sale, split = batch.sales[i], batch.split(i)
    return postings.sold_to_one(
        FROM_WALLET[batch.kind, sale.occasion],
        transaction_id=pk,
        fan_id=sale.fan_id,
        creator_id=sale.creator_id,
        amount=split.amount,
        platform_fee=split.platform_fee,
        cluster=sale.cluster_slug,
        taxes=split.taxes,
    )


def _post(batch: Batch, drafts: dict[int, postings.Draft]) -> dict[int, Refused]:
    """Post all; where the ledger refuses that (a balance moved meanwhile), all that it does not
    refuse by itself. Return what is refused."""
    try:
        ledger.post_many(list(drafts.values()), now=batch.now)
    except DomainError:
        results = ledger.post_each(list(drafts.values()), now=batch.now)
        return {
            i: _refusal(batch, i, result.code, result.facts or {})
            for i, result in zip(drafts, results, strict=True)
            if result.outcome == Outcome.REFUSED
        }
    return {}


def _refusal(batch: Batch, i: int, code: str, facts: dict[str, object]) -> Refused:
    if code == InsufficientFunds.code:
        error = _too_little(batch.split(i).amount)
        return Refused(error.code, error.facts)
    return Refused(code, facts)


def _record_taxes(batch: Batch, sold: dict[int, int]) -> None:
    taxed = [pk for i, pk in sold.items() if batch.split(i).taxes]
    if taxed:
        rows = Transaction.objects.select_related("cluster").filter(pk__in=taxed).order_by("pk")
        record_taxes_of_many([(row, "") for row in rows], now=batch.now)


def _captured(batch: Batch, i: int, pk: int) -> PaymentCaptured:
    sale, split = batch.sales[i], batch.split(i)
    return PaymentCaptured(
        transaction_id=pk,
        cluster=sale.cluster_slug,
        kind=batch.kind.value,
        payer_id=sale.fan_id,
        payee_id=sale.creator_id,
        amount_minor=split.amount.minor,
        currency=split.amount.currency,
        subject=sale.subject,
        occasion=sale.occasion.value,
    )
