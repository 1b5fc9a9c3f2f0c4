"""Whose news it is: of which account, of which order, and whether it fits."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F, Q

from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import Notice, Told
from apps.finance.payments.models import MerchantAccount, Transaction, WebhookEvent

#: The price of such news is the order's.
_PRICED = frozenset({Told.PAID, Told.AUTHORISED, Told.DECLINED})
#: What is told of an order, or of a subscription, is about its first sale.
_OF_THE_FIRST = frozenset(
    {
        Told.PAID,
        Told.AUTHORISED,
        Told.PENDING,
        Told.DECLINED,
        Told.CANCELLED,
        Told.RENEWED,
        Told.RENEWAL_FAILED,
        Told.RENEWAL_ENDED,
    }
)


class Refused(Exception):
    """Authentic news that does not fit its order: of another brand, price or account."""


class Unknown(Exception):
    """Authentic news of an order or an account that we do not know."""


def account_of_news(webhook: WebhookEvent, notice: Notice) -> MerchantAccount | None:
    """Return the account that the news says it is about; None where it names none."""
    if not notice.account.number:
        return None
    ours = MerchantAccount.objects.filter(
        gateway=webhook.gateway, account_number=notice.account.number
    ).order_by("id")
    account = next((each for each in ours if is_of_account(notice, each)), None)
    if account is None:
        raise Unknown("it comes from a merchant account that is not ours")
    _check_secrets(webhook, account)
    return account


def is_of_account(notice: Notice, account: MerchantAccount) -> bool:
    """Test if news is about an account. Signed news may leave out the account, or its part."""
    told = notice.account
    number, part = account.account_number, account.subaccount
    if gateway_for(account.gateway).capabilities.signed_webhooks:
        return told.number in {"", number} and told.subaccount in {"", part}
    return (told.number, told.subaccount) == (number, part)


def find_order(webhook: WebhookEvent, notice: Notice) -> Transaction | None:
    """Return the payment that the news names: by our token, else by the sale's name."""
    by_token = _uuid(notice.token)
    if by_token is not None:
        named = Q(public_id=by_token)
    elif notice.reference:
        at_gateway = {"gateway": webhook.gateway}
        attempted = Q(attempts__gateway=webhook.gateway, attempts__reference=notice.reference)
        named = Q(**at_gateway, gateway_reference=notice.reference) | attempted
    else:
        return None
    found = (
        Transaction.objects.filter(named)
        .exclude(merchant_account=None)
        .order_by(F("captured_at").asc(nulls_last=True), "id")
        .first()
    )
    return found and (_renewal_named(found, notice) or found)


def _renewal_named(first: Transaction, notice: Notice) -> Transaction | None:
    """Return the renewal that the news names beside the first sale, or instead of it. News of
    orders and of renewals themselves is about the first one."""
    names = {notice.reference, notice.gateway_transaction} - {"", first.gateway_reference}
    if notice.told in _OF_THE_FIRST or not names:
        return None
    return Transaction.objects.filter(
        Q(gateway_reference__in=names) | Q(gateway_transaction__in=names), renewal_of=first
    ).first()


def lock_order(webhook: WebhookEvent, notice: Notice) -> Transaction | None:
    """Lock and return the payment that the news names."""
    found = find_order(webhook, notice)
    if found is None:
        return None
    return (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster", "merchant_account")
        .get(pk=found.pk)
    )


def _uuid(token: str) -> UUID | None:
    try:
        return UUID(token)
    except ValueError:
        return None


def check_fits(
    webhook: WebhookEvent,
    notice: Notice,
    transaction: Transaction,
    account: MerchantAccount | None,
) -> None:
    """:raises Refused: account, secrets or price are not the order's"""
    mine = transaction.merchant_account
    if mine is None:  # its order was looked for among those that have one
        raise Refused("its order is paid at no gateway")
    if account is None:
        if webhook.gateway != mine.gateway:
            raise Refused("it comes from another gateway than the order's")
        _check_secrets(webhook, mine)
    elif not is_of_account(notice, mine) and not _tried_at(transaction, account):
        raise Refused("it comes from another merchant account than the order's")
    wrong = notice.amount != transaction.amount
    if notice.told in _PRICED and wrong and (notice.told is Told.PAID or notice.amount):
        raise Refused("price or currency is not the order's")


def _tried_at(transaction: Transaction, account: MerchantAccount) -> bool:
    """Test if an earlier try of the payment was at this account."""
    return transaction.attempts.filter(merchant_account=account).exists()


def _check_secrets(webhook: WebhookEvent, account: MerchantAccount) -> None:
    if (account.credentials or account.gateway) != (webhook.credentials or webhook.gateway):
        raise Refused("it is proved by the secrets of another account than it is about")
