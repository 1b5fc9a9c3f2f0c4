"""CCBill: signed FlexForms page, unsigned webhooks with a price digest, DataLink, one click.

Sources: ccbill.com/doc (formdigest-value, dynamic-pricing-user-guide, webhooks-user-guide,
ccbill-api-guide, ccbill-api-charge-by-previous-transaction-id).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from apps.core.http import Client
from apps.core.money import Money
from apps.finance.payments.adapters import ccbill_datalink, ccbill_webhooks
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
    Sold,
    Unreadable,
)
from apps.finance.payments.adapters.ccbill_words import (
    ARIZONA,
    CURRENCIES,
    CURRENCY_CODES,
    arizona_time,
    form_digest,
    price_text,
    recurring_form_digest,
    response_digest,
)
from apps.finance.payments.adapters.exchange import GatewayTrouble, kept, usable
from apps.finance.payments.adapters.proof import same
from apps.finance.payments.adapters.strict import check_text, read_xml

#: Days a one-time purchase "lasts" at CCBill; 2 is the least allowed and means nothing to us.
PERIOD = "2"
#: ``numRebills`` that means: until it is cancelled.
WITHOUT_END = "99"
_KEPT = ("approved", "subscriptionId", "denialId", "declineCode", "declineText", "results")
_client = Client(service="ccbill")


class CCBill:
    """See ``base.Gateway``."""

    capabilities = Capabilities(
        currencies=frozenset(CURRENCY_CODES),
        hosted_page=True,
        token_charge=True,
        rebill_by=RebillBy.EITHER,
        takes_renewals=True,
        names_subscriptions=True,
        cancel_renewals=True,
        refund=True,
        partial_refund=True,
        void=True,
        look_up=True,
        signed_webhooks=False,
        dispute_push=True,
        merchant_of_record=True,
    )
    needs = frozenset({"flexforms_url", "datalink_url", "salt", "webhook_networks"})

    def open_checkout(self, order: Order) -> Checkout:
        parameters = {
            "clientAccnum": order.account.number,
            "clientSubacc": order.account.subaccount,
            **_priced(order),
            "X-order": order.token,
        }
        base = order.account.config["flexforms_url"].rstrip("/")
        return Checkout(f"{base}/{order.account.form_id}?{urlencode(parameters)}")

    def charge(self, charge: Charge) -> Answered:
        if charge.one_time:
            raise NotOffered
        order, config = charge.order, charge.order.account.config
        if "billing_url" not in config:
            raise NotOffered
        sent = {
            "action": "chargeByPreviousTransactionId",
            "clientAccnum": order.account.number,
            "clientSubacc": order.account.subaccount,
            "newClientAccnum": order.account.number,
            "newClientSubacc": order.account.subaccount,
            "sharedAuthentication": "1",
            "subscriptionId": charge.token,
            "initialPrice": price_text(order.amount),
            "initialPeriod": PERIOD,
            "recurringPrice": "0",
            "recurringPeriod": "0",
            "rebills": "0",
            "currencyCode": CURRENCY_CODES[order.amount.currency],
            "returnXML": "1",
            "X-order": order.token,
        }
        login = {
            "username": config.get("datalink_username", ""),
            "password": config.get("datalink_password", ""),
        }
        answer = _client.request(
            "GET",
            config["billing_url"].rstrip("/") + "/jpost/billingApi.cgi",
            params={**sent, **login},
        )
        return _charged(usable(answer), sent, charge.token)

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        return ccbill_datalink.refund(sold, amount)

    def void(self, sold: Sold, *, key: str) -> Answered:
        return ccbill_datalink.void(sold)

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        return ccbill_datalink.cancel(sold)

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        check_text(params)
        token = params.get("X-order", "")
        digest = _first(params, "responseDigest", "response_digest", "digest")
        sale = _first(params, "subscription_id", "subscriptionId")
        denial = _first(params, "denialId", "denial_id")
        if not token or not (sale or denial):
            raise Unreadable("the return names no order or no outcome")
        expected = response_digest(
            identifier=sale or denial, approved=bool(sale), salt=account.config["salt"]
        )
        if not same(expected, digest.lower()):
            raise NotAuthentic("wrong digest on the return page")
        return Returned(
            token=token,
            approved=bool(sale),
            reference=sale or denial,
            code=_first(params, "reasonForDeclineCode", "declineCode")[:40],
            reason=_first(params, "reasonForDecline", "declineText")[:200],
        )

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        return ccbill_webhooks.read_webhook(delivery, account)

    def look_up(self, sold: Sold) -> LookedUp:
        return ccbill_datalink.view_status(reference=sold.reference, account=sold.account)


def _priced(order: Order) -> dict[str, str]:
    """Return price, periods and the digest over their exact texts."""
    price, code = price_text(order.amount), CURRENCY_CODES[order.amount.currency]
    salt, again = order.account.config["salt"], order.renewal
    if again is None:
        digest = form_digest(price=price, period=PERIOD, currency_code=code, salt=salt)
        texts = {"initialPrice": price, "initialPeriod": PERIOD}
        return {**texts, "currencyCode": code, "formDigest": digest}
    texts = {
        "initialPrice": price,
        "initialPeriod": str(again.first_days),
        "recurringPrice": price_text(again.amount),
        "recurringPeriod": str(again.days),
        "numRebills": str(again.times) if again.times else WITHOUT_END,
    }
    digest = recurring_form_digest(
        price=price,
        period=texts["initialPeriod"],
        recurring_price=texts["recurringPrice"],
        recurring_period=texts["recurringPeriod"],
        rebills=texts["numRebills"],
        currency_code=code,
        salt=salt,
    )
    return {**texts, "currencyCode": code, "formDigest": digest}


def _charged(body: bytes, sent: Mapping[str, str], token: str) -> Answered:
    """Read the answer of a one-click charge; what is no clear answer leaves it unknown."""
    fields = _results(body)
    received = kept(fields, _KEPT)
    shown = {name: value for name, value in sent.items() if name != "subscriptionId"}
    if fields.get("approved") == "1" and fields.get("subscriptionId"):
        sale = fields["subscriptionId"][:40]
        return Answered(
            Outcome.DONE,
            reference=sale,
            gateway_transaction=sale,
            means=Means(token=token),
            sent=shown,
            received=received,
        )
    code = fields.get("results", "")
    if fields.get("approved") == "0":
        code = fields.get("declineCode", "")[:40]
        reason = fields.get("declineText", "")[:200]
    elif code in ccbill_datalink.REFUSALS:
        reason = ccbill_datalink.REFUSALS[code]
    else:
        raise GatewayTrouble(result=code[:20])
    return Answered(
        Outcome.DECLINED,
        reference=fields.get("denialId", "")[:40],
        code=code,
        reason=reason,
        sent=shown,
        received=received,
    )


def _results(body: bytes) -> dict[str, str]:
    try:
        root: Element = read_xml(body)
    except Unreadable as error:
        raise GatewayTrouble(what="not XML") from error
    fields = {each.tag: (each.text or "").strip() for each in root}
    return fields or {"results": (root.text or "").strip()}


def _first(params: Mapping[str, str], *names: str) -> str:
    return next((params[name] for name in names if params.get(name)), "")


__all__ = [
    "ARIZONA",
    "CURRENCIES",
    "CURRENCY_CODES",
    "CCBill",
    "arizona_time",
    "form_digest",
    "price_text",
    "recurring_form_digest",
    "response_digest",
]
