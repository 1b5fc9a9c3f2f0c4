"""Refunds in the books: the entry, the tax, the payment's own state, and the news of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from apps.accounts.models import User
from apps.core import events
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import errors as ledger_errors
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import Bearer
from apps.finance.payments.events import PaymentRefunded, RefundBounced
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.rules import parts
from apps.finance.payments.rules.drafts import Funds, Terms, refund_draft
from apps.finance.payments.rules.parts import Part
from apps.finance.payments.rules.refunds import RefundState
from apps.finance.payments.selectors.given_back import funds_of, left_of, whole_of
from apps.finance.payments.services.debts import owe_again, recover_debt
from apps.finance.payments.services.move import mark_refund_undone, mark_refunded
from apps.finance.payments.services.refund_moves import move_refund
from apps.finance.payments.services.taxes import record_taxes_back

#: Whoever spends a creator's money between our look and our entry makes us look again.
MOST_LOOKS = 20
#: What creators owe, in the chart of accounts.
_DUE = "1300"


@joins_transaction
def book_refund(
    refund: Refund,
    transaction: Transaction,
    *,
    now: datetime,
    reason: str,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    The money went back: move to DONE, post it, take the tax back, tell higher apps.

    Payment and refund are locked. Creators give what they have, then owe.

    :raises WrongRefundState: it is booked already, or was rejected
    :raises InsufficientFunds: a deposit's wallet does not cover it
    """
    whole = whole_of(transaction)
    part = parts.taken(left_of(transaction, whole), refund.amount)
    refund.bookings += 1
    suffix = f":{refund.bookings}" if refund.bookings > 1 else ""
    source = f"refund:{refund.pk}{suffix}"
    terms = Terms(
        refund.platform_fee_returned,
        refund.processing_fee_returned,
        Bearer(refund.kept_fees_borne_by),
    )

    def draft(funds: Funds) -> postings.Draft:
        return refund_draft(
            refund_id=refund.pk,
            part=part,
            fan_id=transaction.payer_id,
            gateway=transaction.gateway,
            destination=refund.destination,
            terms=terms,
            funds=funds,
        )._replace(source=source)

    _post(refund, draft, part, now=now)
    record_taxes_back(
        transaction,
        source=source,
        taxes=[tax.amount for tax in part.sale.taxes],
        bases=part.bases,
        now=now,
    )
    refund.part = parts.as_json(part)
    refund.entry_source = source
    refund.failure_code = refund.failure_reason = ""
    move_refund(refund, RefundState.DONE, now=now, reason=reason, by=by, facts=facts)
    mark_refunded(
        transaction=transaction,
        amount=refund.amount,
        now=now,
        reason=f"Refunded {refund.amount}: {reason}"[:200],
        by=by,
    )
    events.publish(
        PaymentRefunded(
            transaction_id=transaction.pk,
            refund_id=refund.pk,
            cluster=transaction.cluster.slug,
            kind=transaction.kind,
            payer_id=transaction.payer_id,
            payee_id=transaction.payee_id,
            amount_minor=refund.amount_minor,
            refunded_minor=transaction.refunded_minor,
            currency=refund.currency,
            is_full=transaction.refunded_minor == transaction.amount_minor,
            subject=transaction.subject,
            occasion=transaction.occasion,
        )
    )


@joins_transaction
def unbook_refund(
    refund: Refund,
    transaction: Transaction,
    *,
    now: datetime,
    reason: str,
    facts: dict[str, Any] | None = None,
) -> None:
    """The money did not reach the payer after all: take the entry and the tax back."""
    reverse_entry(refund.entry_source, reason=reason, now=now)
    taken = refund.part
    currency = refund.currency
    record_taxes_back(
        transaction,
        source=f"{refund.entry_source}:undone",
        taxes=[Money(-minor, currency) for _, minor in taken["taxes"]],
        bases=[Money(-minor, currency) for minor in taken["bases"]],
        now=now,
    )
    refund.entry_source = ""
    refund.part = {}
    move_refund(refund, RefundState.FAILED, now=now, reason=reason, facts=facts)
    mark_refund_undone(transaction=transaction, amount=refund.amount, now=now, reason=reason[:200])
    if creator := transaction.payee_id:
        recover_debt(
            creator_id=creator, currency=currency, cluster=transaction.cluster.slug, now=now
        )
    events.publish(
        RefundBounced(
            transaction_id=transaction.pk,
            refund_id=refund.pk,
            cluster=transaction.cluster.slug,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
            subject=transaction.subject,
            occasion=transaction.occasion,
        )
    )


@joins_transaction
def post_taking_back(
    draft: Callable[[Funds], postings.Draft], part: Part, *, now: datetime
) -> None:
    """Post an entry that takes creators' shares back from what they have at this moment.

    :raises InsufficientFunds: they spent it faster than we could look
    """
    creators = [share.creator_id for share in part.sale.shares]
    for look in range(MOST_LOOKS):
        try:
            ledger.post(draft(funds_of(creators, part.amount.currency)), now=now)
        except ledger_errors.InsufficientFunds:
            if look == MOST_LOOKS - 1:
                raise
        else:
            return


def _post(
    refund: Refund,
    draft: Callable[[Funds], postings.Draft],
    part: Part,
    *,
    now: datetime,
) -> None:
    if refund.hold_id is None:
        post_taking_back(draft, part, now=now)
        return
    ledger.capture_hold(hold_id=refund.hold_id, draft=draft({}), now=now)
    refund.hold_id = None


@joins_transaction
def reverse_entry(source: str, *, reason: str, now: datetime) -> None:
    """Post the opposite of an entry, by the platform itself.

    Where it made creators owe and they have paid that meanwhile, they get it back.

    :raises InsufficientFunds: what it would take back is spent, or recovered faster than we look
    """
    entry = ledger_selectors.entry_of(source)
    if entry is None:
        raise RuntimeError(f"no entry {source}")
    owing = {
        int(line.account.owner.removeprefix("profile:")): line.amount
        for line in entry.lines.select_related("account").filter(account__code=_DUE)
    }
    for look in range(MOST_LOOKS):
        for creator_id, amount in owing.items():
            owe_again(creator_id=creator_id, amount=amount, now=now)
        try:
            ledger.reverse(entry_id=entry.pk, by=None, reason=reason, now=now)
        except ledger_errors.InsufficientFunds:
            if look == MOST_LOOKS - 1:
                raise
        else:
            return
