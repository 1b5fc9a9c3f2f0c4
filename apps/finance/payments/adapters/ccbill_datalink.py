"""CCBill DataLink: ask about a sale, refund it, void it, end its renewals.

Source: ccbill.com/doc (ccbill-api-guide, ccbill-api-cancel-subscription); result codes from
public clients. There is no idempotency key: whoever refunds twice refunds twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from apps.core.http import Client
from apps.core.money import Money
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    LookedUp,
    Outcome,
    Sale,
    Sold,
    Unreadable,
)
from apps.finance.payments.adapters.ccbill_words import arizona_stamp, price_text
from apps.finance.payments.adapters.exchange import GatewayTrouble, kept, trouble, usable
from apps.finance.payments.adapters.strict import read_xml

_FACTS = (
    "subscriptionStatus", "signupDate", "voidsIssued", "refundsIssued", "chargebacksIssued",
    "cancelDate", "expirationDate", "nextBillingDate", "recurringSubscription", "timesRebilled",
)  # fmt: skip
_UNDONE = ("voidsIssued", "refundsIssued", "chargebacksIssued")
#: Inactive, or cancelled and running out.
_ENDED = frozenset({"0", "1"})
#: Result codes that say "there is no such sale of yours"; others are trouble, not answers.
_NOT_FOUND = frozenset({"-2", "-3", "-4"})
#: Nothing happened: why, in words for staff.
REFUSALS = {
    "0": "CCBill refused it",
    "-1": "wrong user or password",
    "-2": "no such subscription, or not of this kind",
    "-3": "no such subscription",
    "-4": "the subscription is another account's",
    "-5": "an argument is wrong",
    "-6": "no such action",
    "-8": "our address is not allowed there",
    "-9": "the account may not do this",
    "-10": "the account is not set up for this",
    "-11": "no discount possible",
    "-12": "locked for an hour after three wrong logins",
    "-15": "over the refund limit",
    "-16": "over the void limit",
    "-23": "over the number of transactions allowed",
    "-24": "over the amount of purchases allowed",
}
DONE = "1"
_client = Client(service="ccbill")


class DataLinkTrouble(GatewayTrouble):
    """DataLink's own trouble, or an answer in another form."""


def view_status(*, reference: str, account: Account) -> LookedUp:
    """
    Ask what became of a sale. Safe to repeat.

    :raises Unavailable: no usable answer: network, wrong login, locked, or a form not known
    """
    if not reference:
        raise DataLinkTrouble(what="CCBill finds a sale only by its own number")
    return read_status(_ask(account, reference, "viewSubscriptionStatus", {}, retry=True))


def refund(sold: Sold, amount: Money) -> Answered:
    """Send an amount back. Never safe to repeat: read the counters of ``view_status`` first."""
    return _do(sold, "refundTransaction", {"amount": price_text(amount)})


def void(sold: Sold) -> Answered:
    """Take the sale back before it is settled; CCBill refuses a second time."""
    return _do(sold, "voidTransaction", {})


def cancel(sold: Sold) -> Answered:
    """End the renewals. One that has ended already is refused there and done here."""
    answered = _do(sold, "cancelSubscription", {})
    if answered.outcome is Outcome.DONE or answered.code != "0":
        return answered
    seen = view_status(reference=sold.reference, account=sold.account)
    if seen.facts.get("subscriptionStatus") not in _ENDED:
        return answered
    return Answered(
        Outcome.DONE,
        reference=sold.reference,
        reason="It had ended already",
        sent=answered.sent,
        received=kept(seen.facts, _FACTS),
    )


def read_status(body: bytes) -> LookedUp:
    """
    Read the XML of viewSubscriptionStatus.

    :raises DataLinkTrouble: it reports trouble, or has another form
    """
    root = _xml(body)
    code = (root.text or "").strip()
    if code in _NOT_FOUND:
        return LookedUp(Sale.NOT_FOUND, facts={"result": code})
    facts = {name: _text(root, name) for name in _FACTS}
    if facts["subscriptionStatus"] not in {"0", "1", "2"}:
        raise DataLinkTrouble(result=code[:20])
    undone = any(facts[name] not in {"", "0"} for name in _UNDONE)
    # Status 0 only says that the two days of access are over; money comes back by a counter.
    return LookedUp(
        Sale.UNDONE if undone else Sale.PAID,
        arizona_stamp(facts["signupDate"]),
        refunds=_count(facts["refundsIssued"]),
        facts=facts,
    )


def _do(sold: Sold, action: str, more: Mapping[str, str]) -> Answered:
    body = _ask(sold.account, sold.reference, action, more, retry=False)
    code = (_xml(body).text or "").strip()
    sent = {"action": action, "subscriptionId": sold.reference, **more}
    received = {"results": code[:20]}
    if code == DONE:
        return Answered(Outcome.DONE, reference=sold.reference, sent=sent, received=received)
    if code not in REFUSALS:
        raise DataLinkTrouble(result=code[:20])
    return Answered(
        Outcome.DECLINED,
        reference=sold.reference,
        code=code,
        reason=REFUSALS[code],
        sent=sent,
        received=received,
    )


def _ask(
    account: Account, reference: str, action: str, more: Mapping[str, str], *, retry: bool
) -> bytes:
    answer = _client.request(
        "GET",
        account.config["datalink_url"].rstrip("/") + "/utils/subscriptionManagement.cgi",
        params={
            "clientAccnum": account.number,
            "usingSubacc": account.subaccount,
            "username": account.config.get("datalink_username", ""),
            "password": account.config.get("datalink_password", ""),
            "action": action,
            "subscriptionId": reference,
            "returnXML": "1",
            **more,
        },
        retry=retry,
    )
    return usable(answer)


def _xml(body: bytes) -> Element:
    try:
        return read_xml(body)
    except Unreadable as error:
        raise DataLinkTrouble(what="not XML") from trouble(error)


def _text(root: Element, name: str) -> str:
    return (root.findtext(f".//{name}") or "").strip()


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
