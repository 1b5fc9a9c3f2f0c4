"""CCBill: signed FlexForms page, unsigned webhooks with a price digest, DataLink look-ups.

Sources: ccbill.com/doc (formdigest-value, dynamic-pricing-user-guide, webhooks-user-guide,
newsalefailure, data-link); payload samples of public integrations. MD5 is CCBill's choice.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlencode

from apps.core.errors import DomainError
from apps.core.money import SCALES, Money
from apps.finance.payments.adapters import ccbill_datalink
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Capabilities,
    Charge,
    Checkout,
    Delivery,
    LookedUp,
    NotAuthentic,
    Notice,
    NotOffered,
    Order,
    Returned,
    Sold,
    Told,
    Unreadable,
)

#: ISO 4217 numbers as text: as numbers "036" would lose its zero.
CURRENCY_CODES = {
    "USD": "840", "EUR": "978", "GBP": "826", "CAD": "124", "AUD": "036", "JPY": "392",
}  # fmt: skip
CURRENCIES = {code: name for name, code in CURRENCY_CODES.items()}
#: Days a one-time purchase "lasts" at CCBill; 2 is the least allowed and means nothing to us.
PERIOD = "2"
#: CCBill's clocks show Arizona time: UTC-7 all year.
ARIZONA = timezone(timedelta(hours=-7))

_TOLD = {
    "NewSaleSuccess": Told.PAID,
    "NewSaleFailure": Told.DECLINED,
    # A one-time purchase ends by itself; its cancellation or expiry moves no money.
    "Cancellation": Told.NOTHING,
    "Expiration": Told.NOTHING,
    "BillingDateChange": Told.NOTHING,
    "CustomerDataUpdate": Told.NOTHING,
}


def form_digest(*, price: str, period: str, currency_code: str, salt: str) -> str:
    """MD5 over the exact texts of a one-time price (ccbill.com/doc/formdigest-value)."""
    return _md5(price + period + currency_code + salt)


def response_digest(*, identifier: str, approved: bool, salt: str) -> str:
    """MD5 that the browser brings back: over the subscription id, or the denial id."""
    return _md5(identifier + ("1" if approved else "0") + salt)


def price_text(amount: Money) -> str:
    """``25.00``; yen without decimals."""
    return f"{amount.decimal:.{SCALES[amount.currency]}f}"


class CCBill:
    """See ``base.Gateway``."""

    capabilities = Capabilities(
        currencies=frozenset(CURRENCY_CODES),
        hosted_page=True,
        look_up=True,
        signed_webhooks=False,
        merchant_of_record=True,
    )
    needs = frozenset({"flexforms_url", "datalink_url", "salt", "webhook_networks"})

    def open_checkout(self, order: Order) -> Checkout:
        price = price_text(order.amount)
        code = CURRENCY_CODES[order.amount.currency]
        digest = form_digest(
            price=price, period=PERIOD, currency_code=code, salt=order.account.config["salt"]
        )
        parameters = {
            "clientAccnum": order.account.number,
            "clientSubacc": order.account.subaccount,
            "initialPrice": price,
            "initialPeriod": PERIOD,
            "currencyCode": code,
            "formDigest": digest,
            "X-order": order.token,
        }
        base = order.account.config["flexforms_url"].rstrip("/")
        return Checkout(f"{base}/{order.account.form_id}?{urlencode(parameters)}")

    def charge(self, charge: Charge) -> Answered:
        raise NotOffered

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        raise NotOffered

    def void(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        _check_text(params)
        token = params.get("X-order", "")
        digest = _first(params, "responseDigest", "response_digest", "digest")
        sale = _first(params, "subscription_id", "subscriptionId")
        denial = _first(params, "denialId", "denial_id")
        if not token or not (sale or denial):
            raise Unreadable("the return names no order or no outcome")
        expected = response_digest(
            identifier=sale or denial, approved=bool(sale), salt=account.config["salt"]
        )
        if not _same(expected, digest):
            raise NotAuthentic("wrong digest on the return page")
        return Returned(
            token=token,
            approved=bool(sale),
            reference=sale or denial,
            code=_first(params, "reasonForDeclineCode", "declineCode")[:40],
            reason=_first(params, "reasonForDecline", "declineText")[:200],
        )

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        _check_sender(delivery.remote_ip, account.config["webhook_networks"])
        _check_text(delivery.query)
        fields = _fields(delivery)
        event_type = delivery.query.get("eventType") or fields.get("eventType", "")
        if not event_type:
            raise Unreadable("no eventType")
        told = _TOLD.get(event_type, Told.NEEDS_STAFF)
        if told in {Told.PAID, Told.DECLINED}:
            _check_digest(fields, account.config["salt"], must_be_there=told is Told.PAID)
        return [_notice(event_type, told, fields)]

    def look_up(self, sold: Sold) -> LookedUp:
        return ccbill_datalink.view_status(reference=sold.reference, account=sold.account)


def _check_sender(remote_ip: str, allowed: str) -> None:
    try:
        address = ipaddress.ip_address(remote_ip)
    except ValueError as error:
        raise NotAuthentic("no sender address") from error
    networks = [ipaddress.ip_network(each.strip()) for each in allowed.split(",")]
    if not any(address in network for network in networks):
        raise NotAuthentic("sent from an address that is not CCBill's")


def _fields(delivery: Delivery) -> dict[str, str]:
    """Read JSON or a form, whichever it is; numbers keep the text they were sent as."""
    try:
        text = delivery.body.decode()
        if text.lstrip().startswith("{"):
            loaded = json.loads(text, parse_float=str, parse_int=str)
            fields = {key: str(value) for key, value in loaded.items() if value is not None}
        else:
            fields = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body is neither JSON nor a form") from error
    _check_text(fields)
    return fields


def _check_text(fields: Mapping[str, str]) -> None:
    """
    JSON may hold what is no text: half of a surrogate pair, which cannot be encoded, and NUL,
    which the database does not keep.

    :raises Unreadable: there is such a thing in a name or a value
    """
    for text in (*fields.keys(), *fields.values()):
        try:
            whole = b"\0" not in text.encode()
        except UnicodeEncodeError:
            whole = False
        if not whole:
            raise Unreadable("it holds characters that are no text")


def _check_digest(fields: Mapping[str, str], salt: str, *, must_be_there: bool) -> None:
    """
    The digest binds the price to our salt. Captured payloads carry the form's digest; one
    SDK expects the return page's, so both are accepted.
    """
    given = fields.get("dynamicPricingValidationDigest", "")
    if not given and not must_be_there:
        return
    accepted = []
    amount = _amount(fields)
    if amount is not None:
        accepted.append(
            form_digest(
                price=price_text(amount),
                period=fields.get("initialPeriod", ""),
                currency_code=CURRENCY_CODES[amount.currency],
                salt=salt,
            )
        )
    if sale := fields.get("subscriptionId", ""):
        accepted.append(response_digest(identifier=sale, approved=True, salt=salt))
    if not any(_same(expected, given) for expected in accepted):
        raise NotAuthentic("the price digest is wrong: altered, or not made with our salt")


def _notice(event_type: str, told: Told, fields: Mapping[str, str]) -> Notice:
    sale, transaction = fields.get("subscriptionId", ""), fields.get("transactionId", "")
    stamp = fields.get("timestamp", "")
    if not transaction and not (sale and stamp):
        raise Unreadable("nothing tells this delivery from others")
    if told is Told.PAID and not sale:
        raise Unreadable("a sale without a subscriptionId")
    key = f"{event_type}:{transaction}" if transaction else f"{event_type}:{sale}:{stamp}"
    return Notice(
        event_type=event_type[:40],
        told=told,
        dedupe_key=key[:120],
        account=Account(fields.get("clientAccnum", ""), fields.get("clientSubacc", "")),
        token=fields.get("X-order", ""),
        reference=sale[:40],
        gateway_transaction=transaction[:40],
        amount=_amount(fields),
        occurred_at=arizona_time(stamp),
        code=fields.get("failureCode", "")[:40],
        reason=fields.get("failureReason", fields.get("reason", ""))[:200],
        facts={
            name: fields[name][:80]
            for name in ("cardType", "last4", "country", "billedInitialPrice", "billedCurrency",
                         "accountingInitialPrice", "accountingCurrency")
            if name in fields
        },
    )  # fmt: skip


def _amount(fields: Mapping[str, str]) -> Money | None:
    """The price of the order in its own currency; None when the event names none."""
    price, code = fields.get("subscriptionInitialPrice"), fields.get("subscriptionCurrencyCode")
    if not price or not code:
        return None
    try:
        return Money.of(price, CURRENCIES[code.zfill(3)])
    except (KeyError, DomainError) as error:
        raise Unreadable("the price is not an amount we know") from error


def arizona_time(text: str) -> datetime | None:
    """Read ``2022-02-26 08:21:49`` as UTC-7; None when there is no such time in it."""
    try:
        local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ARIZONA)
    except ValueError:
        return None
    return local.astimezone(UTC)


def _first(params: Mapping[str, str], *names: str) -> str:
    return next((params[name] for name in names if params.get(name)), "")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.lower().encode())
