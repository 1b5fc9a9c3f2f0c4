"""Staff give back a gift that nobody has taken."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.money import Money
from apps.finance.payments.rules.refunds import RefundReason, RefundState
from apps.finance.payments.services.refunds import request_refund
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import GiftState
from apps.finance.subscriptions.models import Gift
from apps.finance.subscriptions.rules import gifts as rules
from apps.finance.subscriptions.services.gifts import locked_gift, take_back

REASON_LENGTH = 200


@atomic
def return_gift_for(*, gift_id: UUID, by: User, reason: str, now: datetime) -> Gift:
    """
    Ask for all that a waiting gift cost to go back the way it was paid.

    Below the brand's limit nobody can take it from now on. Above it a second person decides; until
    then it can be taken, and the full refund ends it all the same. One that was given back already
    stays as it is.

    :raises GiftNotFound: there is none by this id
    :raises StaffNotAllowed: ``by`` may not cancel subscriptions of fans
    :raises ReasonMissing: no reason is given, or it is longer than 200 characters
    :raises WrongState: it is not paid, or taken
    :raises RefundNotAllowed and more: see ``payments.request_refund``; nothing is kept then
    """
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise errors.ReasonMissing()
    if not (by.is_staff and by.has_perm("subscriptions.cancel_subscription")):
        raise errors.StaffNotAllowed()
    pk = Gift.objects.filter(public_id=gift_id).values_list("pk", flat=True).first()
    gift = locked_gift(pk) if pk is not None else None
    if gift is None:
        raise errors.GiftNotFound()
    if gift.state == GiftState.RETURNED:
        return gift
    if gift.state != GiftState.PAID or gift.transaction is None:
        raise errors.WrongState(state=gift.state)
    paid = gift.transaction
    refund = request_refund(
        transaction_id=paid.pk,
        amount=Money(paid.amount_minor - paid.refunded_minor, paid.currency),
        reason_code=RefundReason.ASKED,
        reason=reason.strip(),
        key=f"{rules.subject_of(gift.pk)}:staff",
        by=by,
        now=now,
    )
    if refund.state != RefundState.REQUESTED:
        take_back(gift, now=now)
    audit.record(
        by=by,
        action="subscriptions.gift_returned",
        subject=gift,
        reason=reason.strip(),
        facts={"refund": refund.pk, "amount": str(refund.amount), "state": refund.state},
        cluster=gift.cluster,
    )
    return gift
