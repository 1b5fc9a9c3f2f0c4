"""Segpay: a hosted page with a price hash, unsigned postbacks by GET, one click, SRS.

Sources: Segpay's papers for merchants (processing, SRS, setup) and a public fan platform. The
postbacks carry no signature: networks, HTTP Basic and a mark of our own (``order_mark``) in
REF2 stand in for one. Unverified: the names in SRS's reports, see docs/gateways/segpay.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from apps.core.http import Client, OutcomeUnknown
from apps.core.money import Money
from apps.finance.payments.adapters import returning, segpay_news
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Capabilities,
    Charge,
    Checkout,
    Delivery,
    LookedUp,
    Means,
    NotAuthentic,
    Notice,
    NotOffered,
    Order,
    Outcome,
    RebillBy,
    Returned,
    Sale,
    Sold,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.exchange import (
    GatewayTrouble,
    Refusing,
    basic,
    kept,
    price_text,
    usable,
)
from apps.finance.payments.adapters.proof import check_any, same
from apps.finance.payments.adapters.strict import check_text, money, read_xml

CURRENCIES = frozenset({"USD", "EUR", "GBP", "CAD", "AUD", "JPY"})
MARK_LENGTH = 32
_DONE = frozenset({"success", "successful"})
_ENDED = frozenset({"subscription not active, cancel failed", "membership not active"})
_client = Client(service="segpay")


def order_mark(*, token: str, price: str, currency: str, secret: str) -> str:
    """
    Our own mark on an order: HMAC-SHA256 over token, price and currency, 32 hex digits.

    It travels in REF2 and comes back with every postback of the sale. Ours alone: nobody else
    computes it. The price is part of it, so that a changed one shows.
    """
    text = f"{token}|{price}|{currency}"
    digest = hmac.new(secret.encode(), text.encode("utf-8", "replace"), hashlib.sha256)
    return digest.hexdigest()[:MARK_LENGTH]


class Segpay(Refusing):
    """See ``base.Gateway``."""

    capabilities = Capabilities(
        currencies=CURRENCIES,
        hosted_page=True,
        token_charge=True,
        rebill_by=RebillBy.EITHER,
        takes_renewals=True,
        cancel_renewals=True,
        refund=True,
        look_up=True,
        signed_webhooks=False,
        dispute_push=True,
        merchant_of_record=True,
        webhook_methods=frozenset({"GET"}),
    )
    needs = frozenset({"pay_url", "srs_url", "order_secret", "webhook_networks"})

    def open_checkout(self, order: Order) -> Checkout:
        paid = returning.address(order.success_url, token=order.token, paid=True)
        declined = returning.address(order.decline_url, token=order.token, paid=False)
        fields = {
            "x-eticketid": order.account.form_id,
            **self._priced(order),
            **_marked(order),
            "x-auth-link": paid,
            "x-decl-link": declined,
            "x-billemail": order.buyer.email,
        }
        query = urlencode({name: value for name, value in fields.items() if value})
        base = order.account.config["pay_url"].rstrip("/")
        return Checkout(f"{base}/poset.cgi?{query}")

    def charge(self, charge: Charge) -> Answered:
        order, config = charge.order, charge.order.account.config
        if charge.one_time or not config.get("service_url"):
            raise NotOffered
        sent = {
            "eticketid": order.account.form_id,
            "amount": price_text(order.amount),
            "dynamictrans": self._price_hash(order),
            "dynamicdesc": order.description or "Purchase",
            "DMCURRENCY": order.amount.currency,
            **_marked(order),
            # Comes back with the postback, which says "rebill" for a one-click sale as well.
            "oneclick": "1",
        }
        answer = _client.request(
            "GET",
            config["service_url"].rstrip("/") + "/OneClickSales.asmx/SalesService",
            params={**sent, "octoken": charge.token},
        )
        return _charged(usable(answer), charge.token, sent)

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        """All of it or nothing: this call of SRS takes no amount."""
        if amount != sold.amount:
            raise NotOffered
        asked = {"TransID": sold.reference, "RefundReason": "Refunded by the merchant"}
        return self._administer(sold, "RefundTransaction", asked)

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        purchase = sold.gateway_transaction or sold.reference
        asked = {"PurchaseID": purchase, "CancelReason": "Cancelled by the member"}
        answered = self._administer(sold, "CancelMembership", asked)
        if answered.reason.lower().rstrip(".") in _ENDED:
            return Answered(
                Outcome.DONE,
                reference=sold.reference,
                reason="It had ended already",
                sent=answered.sent,
                received=answered.received,
            )
        return answered

    def look_up(self, sold: Sold) -> LookedUp:
        """By purchase, or by the day it was begun; rows are told apart by number or REF1."""
        if sold.gateway_transaction:
            rows = self._report(
                sold, "TransactionByPurchaseID", {"PurchaseID": sold.gateway_transaction}
            )
        elif sold.reference:
            rows = self._report(sold, "TransactionByTransID", {"TransID": sold.reference})
        else:
            near = sold.sold_at or datetime.now(UTC)
            days = [near + timedelta(days=more) for more in (-1, 0, 1)]
            rows = [row for day in days for row in self._day(sold, f"{day:%m%d%Y}")]
        return _looked_up(rows, sold)

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        check_any(delivery, account.config)
        check_text(delivery.query)
        fields = {name.lower(): value for name, value in delivery.query.items()}
        if len(fields) != len(delivery.query):
            raise Unreadable("a name stands twice")
        notice = segpay_news.read(fields)
        if notice.told in {Told.PAID, Told.DECLINED}:
            _check_mark(fields, account.config["order_secret"])
        return [notice]

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        return returning.read(params)

    def _priced(self, order: Order) -> dict[str, str]:
        again = order.renewal
        if again is None:
            return {
                "amount": price_text(order.amount),
                "dynamictrans": self._price_hash(order),
                "dynamicdesc": order.description or "Purchase",
                "DMCURRENCY": order.amount.currency,
            }
        config = order.account.config
        answer = _client.request(
            "GET",
            config["srs_url"].rstrip("/") + "/MerchantServices/DynamicRecurring",
            params={
                "MerchantID": order.account.number,
                "InitialAmount": price_text(order.amount),
                "InitialLength": str(again.first_days),
                "RecurringAmount": price_text(again.amount),
                "RecurringLength": str(again.days),
            },
            headers=basic(config.get("user_id", ""), config.get("access_key", "")),
            retry=True,
        )
        identifier = usable(answer).decode("utf-8", "replace").strip().strip('"')
        if not identifier or not identifier.isalnum():
            raise GatewayTrouble(what="no pricing id")
        return {"DynamicPricingID": identifier, "DMCURRENCY": order.amount.currency}

    def _price_hash(self, order: Order) -> str:
        """Ask for the hash without which the page takes no price of ours. Safe to repeat."""
        answer = _client.request(
            "GET",
            order.account.config["srs_url"].rstrip("/")
            + "/PricingHash/PricingHash.svc/GetDynamicTrans",
            params={"value": price_text(order.amount)},
            retry=True,
        )
        text = (_xml(usable(answer)).text or "").strip()
        if not text:
            raise GatewayTrouble(what="no price hash")
        return text

    def _administer(self, sold: Sold, action: str, asked: Mapping[str, str]) -> Answered:
        answer = _client.request(
            "GET",
            sold.account.config["srs_url"].rstrip("/") + f"/ADM.asmx/{action}",
            params={**_login(sold.account), **asked},
        )
        text = (_xml(usable(answer)).text or "").strip()
        done = text.lower().rstrip(".") in _DONE
        if not text:
            raise GatewayTrouble(what="an empty answer")
        return Answered(
            Outcome.DONE if done else Outcome.DECLINED,
            reference=sold.reference,
            code="" if done else "refused",
            reason="" if done else text[:200],
            sent={"action": action, **asked},
            received={"answer": text[:200]},
        )

    def _day(self, sold: Sold, day: str) -> list[dict[str, str]]:
        asked = {"BegDate": day, "EndDate": day, "TransID": "0", "URLID": "0"}
        return self._report(sold, "TransactionsList", asked)

    def _report(self, sold: Sold, name: str, asked: Mapping[str, str]) -> list[dict[str, str]]:
        answer = _client.request(
            "GET",
            sold.account.config["srs_url"].rstrip("/") + f"/MWS.asmx/{name}",
            params={**_login(sold.account), **asked},
            retry=True,
        )
        return _rows(usable(answer))


def _login(account: Account) -> dict[str, str]:
    config = account.config
    return {"Userid": config.get("user_id", ""), "UserAccessKey": config.get("access_key", "")}


def _marked(order: Order) -> dict[str, str]:
    mark = order_mark(
        token=order.token,
        price=price_text(order.amount),
        currency=order.amount.currency,
        secret=order.account.config["order_secret"],
    )
    return {"REF1": order.token, "REF2": mark}


def _check_mark(fields: Mapping[str, str], secret: str) -> None:
    """:raises NotAuthentic: the sale does not carry our mark for this order and price"""
    price = money(fields.get("price", ""), fields.get("currencycode", ""))
    expected = order_mark(
        token=fields.get("ref1", ""),
        price=price_text(price),
        currency=price.currency,
        secret=secret,
    )
    if not same(expected, fields.get("ref2", "").lower()):
        raise NotAuthentic("our mark is missing or wrong: another order, price or currency")


def _xml(body: bytes) -> Element:
    try:
        return read_xml(body)
    except Unreadable as error:
        raise GatewayTrouble(what="not XML") from error


def _charged(body: bytes, token: str, sent: Mapping[str, str]) -> Answered:
    """Without a transaction and a clear word it is not known whether it was charged."""
    try:
        root = read_xml(body)
    except Unreadable as error:
        raise OutcomeUnknown(service="segpay") from error
    fields = {_bare(each.tag): (each.text or "").strip() for each in root.iter()}
    approved = fields.get("approved", "").lower()
    if approved not in {"yes", "no"} or (approved == "yes" and not fields.get("transid")):
        raise OutcomeUnknown(service="segpay")
    return Answered(
        Outcome.DONE if approved == "yes" else Outcome.DECLINED,
        reference=fields.get("transid", "")[:40],
        gateway_transaction=fields.get("purchaseid", "")[:40] or token,
        code="" if approved == "yes" else fields.get("declinecode", "declined")[:40],
        reason=fields.get("declinereason", "")[:200],
        means=Means(token) if approved == "yes" else None,
        sent=kept(sent, ("eticketid", "amount", "DMCURRENCY", "REF1")),
        received=kept(fields, ("transid", "purchaseid", "approved", "authcode", "declinereason")),
    )


def _rows(body: bytes) -> list[dict[str, str]]:
    """Names are read whatever their case: the paper shows them in pictures only."""
    root = _xml(body)
    return [
        {_bare(each.tag): (each.text or "").strip() for each in row}
        for row in root.iter()
        if _bare(row.tag) == "transaction"
    ]


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


def _looked_up(rows: list[dict[str, str]], sold: Sold) -> LookedUp:
    def is_sale(row: Mapping[str, str]) -> bool:
        return (row.get("trantype", "").lower(), row.get("action", "").lower()) == ("sale", "auth")

    def is_mine(row: Mapping[str, str]) -> bool:
        if sold.reference:
            return row.get("transid") == sold.reference
        return row.get("ref1") == sold.token

    mine = [row for row in rows if is_sale(row) and is_mine(row)]
    good = [row for row in mine if row.get("approved", "").lower() == "yes"]
    if not good:
        return LookedUp(Sale.DECLINED if mine else Sale.NOT_FOUND)
    sale = good[0]
    undone = any(
        row.get("relatedtransid") == sale.get("transid") and not is_sale(row) for row in rows
    )
    try:
        amount = money(sale.get("price", ""), sale.get("currencycode", ""))
    except Unreadable as error:
        raise GatewayTrouble(what="price") from error
    return LookedUp(
        Sale.UNDONE if undone else Sale.PAID,
        segpay_news.clock(sale.get("transtime", "")),
        token=sale.get("ref1", ""),
        reference=sale.get("transid", "")[:40],
        amount=amount,
        facts=kept(sale, ("purchaseid", "stage", "transtime")),
    )
