"""CCBill's webhooks: unsigned, from known addresses, their prices bound by a digest.

Sources: ccbill.com/doc/webhooks-user-guide (events, versions 1 to 4 of their fields) and payload
samples of public integrations. Fields come and go with the version; unknown ones are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from apps.core.money import Money
from apps.finance.payments.adapters.base import (
    Account,
    Delivery,
    Disputed,
    Means,
    NotAuthentic,
    Notice,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.ccbill_words import (
    CURRENCIES,
    CURRENCY_CODES,
    arizona_time,
    form_digest,
    price_text,
    recurring_form_digest,
    response_digest,
)
from apps.finance.payments.adapters.exchange import kept
from apps.finance.payments.adapters.proof import check_network, same
from apps.finance.payments.adapters.strict import check_text, money, read_form, read_json, texts

TOLD = {
    "NewSaleSuccess": Told.PAID,
    "NewSaleFailure": Told.DECLINED,
    # A second sale to a known payer: by one click, or offered beside or after another.
    "UpSaleSuccess": Told.PAID,
    "UpSaleFailure": Told.DECLINED,
    "CrossSaleSuccess": Told.PAID,
    "CrossSaleFailure": Told.DECLINED,
    "UpgradeSuccess": Told.PAID,
    "UpgradeFailure": Told.DECLINED,
    "RenewalSuccess": Told.RENEWED,
    "RenewalFailure": Told.RENEWAL_FAILED,
    "Cancellation": Told.RENEWAL_ENDED,
    "Expiration": Told.RENEWAL_ENDED,
    "Refund": Told.REFUNDED,
    "Void": Told.VOIDED,
    "Chargeback": Told.CHARGEBACK,
    # A bank debit that came back.
    "Return": Told.CHARGEBACK,
    "BillingDateChange": Told.NOTHING,
    "CustomerDataUpdate": Told.NOTHING,
}  # fmt: skip
#: The digest is sent only with a sale on a form; a sale by our call carries none.
_MUST_CARRY_DIGEST = frozenset({"NewSaleSuccess"})
_WITH_DIGEST = frozenset({Told.PAID, Told.DECLINED})
_SALES = frozenset({Told.PAID, Told.DECLINED})
_BACK = frozenset({Told.REFUNDED, Told.VOIDED, Told.CHARGEBACK})
_FACTS = (
    "cardType", "last4", "country", "cardSubType", "paymentType", "threeDSecure",
    "billedInitialPrice", "billedCurrency", "billedAmount", "accountingInitialPrice",
    "accountingAmount", "accountingCurrency", "originalSubscriptionId", "nextRenewalDate",
    "nextRetryDate", "renewalDate", "source",
)  # fmt: skip


def read_webhook(delivery: Delivery, account: Account) -> list[Notice]:
    """See ``base.Gateway.read_webhook``. One delivery holds one piece of news."""
    check_network(delivery.remote_ip, account.config["webhook_networks"])
    check_text(delivery.query)
    fields = _fields(delivery)
    event_type = delivery.query.get("eventType") or fields.get("eventType", "")
    if not event_type:
        raise Unreadable("no eventType")
    told = TOLD.get(event_type, Told.NEEDS_STAFF)
    if told in _WITH_DIGEST:
        _check_digest(
            fields, account.config["salt"], must_be_there=event_type in _MUST_CARRY_DIGEST
        )
    return [_notice(event_type, told, fields)]


def _fields(delivery: Delivery) -> dict[str, str]:
    """Read JSON or a form, whichever it is; numbers keep the text they were sent as."""
    body = delivery.body
    return texts(read_json(body)) if body.lstrip()[:1] == b"{" else read_form(body)


def _check_digest(fields: Mapping[str, str], salt: str, *, must_be_there: bool) -> None:
    """
    The digest binds the price to our salt. Captured payloads carry the form's digest; one
    SDK expects the return page's, so both are accepted.
    """
    given = fields.get("dynamicPricingValidationDigest", "")
    if not given and not must_be_there:
        return
    accepted = []
    amount = _sale_amount(fields)
    if amount is not None:
        accepted += _form_digests(fields, amount, salt)
    if sale := fields.get("subscriptionId", ""):
        accepted.append(response_digest(identifier=sale, approved=True, salt=salt))
    matches = [same(expected, given.lower()) for expected in accepted]
    if not any(matches):
        raise NotAuthentic("the price digest is wrong: altered, or not made with our salt")


def _form_digests(fields: Mapping[str, str], amount: Money, salt: str) -> list[str]:
    price, code = price_text(amount), CURRENCY_CODES[amount.currency]
    period = fields.get("initialPeriod", "")
    digests = [form_digest(price=price, period=period, currency_code=code, salt=salt)]
    if again := fields.get("subscriptionRecurringPrice", ""):
        digests.append(
            recurring_form_digest(
                price=price,
                period=period,
                recurring_price=price_text(money(again, amount.currency)),
                recurring_period=fields.get("recurringPeriod", ""),
                rebills=fields.get("rebills", fields.get("numRebills", "")),
                currency_code=code,
                salt=salt,
            )
        )
    return digests


def _notice(event_type: str, told: Told, fields: Mapping[str, str]) -> Notice:
    sale, transaction = fields.get("subscriptionId", ""), fields.get("transactionId", "")
    if told is Told.PAID and not sale:
        raise Unreadable("a sale without a subscriptionId")
    reason = fields.get("failureReason", fields.get("reason", ""))[:200]
    return Notice(
        event_type=event_type[:40],
        told=told,
        dedupe_key=_key(event_type, told, fields),
        account=Account(fields.get("clientAccnum", ""), fields.get("clientSubacc", "")),
        token=fields.get("X-order", ""),
        reference=sale[:40],
        gateway_transaction=transaction[:40],
        amount=_amount(told, fields),
        occurred_at=arizona_time(fields.get("timestamp", "")),
        code=fields.get("failureCode", "")[:40],
        reason=reason,
        means=_means(fields) if told in {Told.PAID, Told.RENEWED} else None,
        dispute=_dispute(event_type, fields, reason) if told is Told.CHARGEBACK else None,
        facts=kept(fields, _FACTS),
    )


def _key(event_type: str, told: Told, fields: Mapping[str, str]) -> str:
    """
    One transaction can be refunded in parts, and whether ``transactionId`` then names the
    refund or the sale is not documented: time and amount tell the parts apart.
    """
    sale, transaction = fields.get("subscriptionId", ""), fields.get("transactionId", "")
    stamp = fields.get("timestamp", "")
    if not transaction and not (sale and stamp):
        raise Unreadable("nothing tells this delivery from others")
    if not transaction:
        key = f"{event_type}:{sale}:{stamp}"
    elif told in _BACK and stamp:
        key = f"{event_type}:{transaction}:{stamp}:{fields.get('amount', '')}"
    else:
        key = f"{event_type}:{transaction}"
    return key[:120]


def _amount(told: Told, fields: Mapping[str, str]) -> Money | None:
    if told in _BACK:
        return _priced(fields, ("amount", "currencyCode", "currency"), _ACCOUNTED)
    if told in {Told.RENEWED, Told.RENEWAL_FAILED}:
        return _priced(
            fields, ("billedAmount", "billedCurrencyCode", "billedCurrency"), _ACCOUNTED
        )
    return _sale_amount(fields)


_ACCOUNTED = ("accountingAmount", "accountingCurrencyCode", "accountingCurrency")


def _sale_amount(fields: Mapping[str, str]) -> Money | None:
    """The price of the order in its own currency; None when the event names none."""
    return _priced(
        fields, ("subscriptionInitialPrice", "subscriptionCurrencyCode", "subscriptionCurrency")
    )


def _priced(fields: Mapping[str, str], *names: tuple[str, str, str]) -> Money | None:
    """Read the first amount that is there with its currency, by number or by name."""
    for amount, number, name in names:
        price, code = fields.get(amount), fields.get(number)
        currency = CURRENCIES.get(code.zfill(3), code) if code else fields.get(name)
        if price and currency:
            return money(price, currency)
    return None


def _means(fields: Mapping[str, str]) -> Means | None:
    """The sale itself is what CCBill charges again: chargeByPreviousTransactionId."""
    sale = fields.get("subscriptionId", "")
    expires = fields.get("expDate", "")
    if not sale:
        return None
    known = len(expires) == len("MMYY") and expires.isascii() and expires.isdigit()
    return Means(
        token=sale[:40],
        brand=fields.get("cardType", "")[:20],
        last4=fields.get("last4", "")[:4],
        expires=f"20{expires[2:]}-{expires[:2]}" if known else "",
        country=fields.get("cardCountry", fields.get("country", ""))[:2],
        bin=fields.get("bin", "")[:8],
        fingerprint=fields.get("paymentAccount", "")[:64],
    )


def _dispute(event_type: str, fields: Mapping[str, str], reason: str) -> Disputed:
    about = fields.get("transactionId") or fields.get("subscriptionId", "")
    return Disputed(
        reference=f"{event_type}:{about}"[:80],
        reason_code=fields.get("reasonCode", "")[:40],
        reason=reason or ("The bank debit came back" if event_type == "Return" else ""),
    )
