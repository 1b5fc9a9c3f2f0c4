"""CCBill DataLink: what it says about a sale (viewSubscriptionStatus)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from apps.core.errors import Unavailable
from apps.core.http import Client
from apps.finance.payments.adapters.base import Account, LookedUp, Sale

_ARIZONA = timezone(timedelta(hours=-7))
_FACTS = ("subscriptionStatus", "signupDate", "voidsIssued", "refundsIssued", "chargebacksIssued")
#: Result codes that say "there is no such sale of yours"; others are trouble, not answers.
_NOT_FOUND = {"-2", "-3", "-4"}
_client = Client(service="ccbill")


class DataLinkTrouble(Unavailable):
    code = "payments.gateway_trouble"
    message = "The gateway could not say what became of the payment."


def view_status(*, reference: str, account: Account) -> LookedUp:
    """
    Ask what became of a sale. Safe to repeat.

    :raises Unavailable: no usable answer: network, wrong login, locked, or a form not known
    """
    answer = _client.request(
        "GET",
        account.config["datalink_url"].rstrip("/") + "/utils/subscriptionManagement.cgi",
        params={
            "clientAccnum": account.number,
            "usingSubacc": account.subaccount,
            "username": account.config["datalink_username"],
            "password": account.config["datalink_password"],
            "action": "viewSubscriptionStatus",
            "subscriptionId": reference,
            "returnXML": "1",
        },
        retry=True,
    )
    if answer.status != 200:  # noqa: PLR2004 (HTTP OK)
        raise DataLinkTrouble(status=answer.status)
    return read_status(answer.body)


def read_status(body: bytes) -> LookedUp:
    """
    Read the XML of viewSubscriptionStatus.

    :raises DataLinkTrouble: it reports trouble, or has another form
    """
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise DataLinkTrouble(what="not XML") from error
    code = (root.text or "").strip()
    if code in _NOT_FOUND:
        return LookedUp(Sale.NOT_FOUND, facts={"result": code})
    facts = {name: _text(root, name) for name in _FACTS}
    if facts["subscriptionStatus"] not in {"0", "1", "2"}:
        raise DataLinkTrouble(result=code[:20])
    undone = any(facts[name] not in {"", "0"} for name in _FACTS[2:])
    # Status 0 only says that the two days of access are over; money comes back by a counter.
    return LookedUp(Sale.UNDONE if undone else Sale.PAID, _time(facts["signupDate"]), facts=facts)


def _text(root: Element, name: str) -> str:
    return (root.findtext(f".//{name}") or "").strip()


def _time(text: str) -> datetime | None:
    try:
        local = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=_ARIZONA)
    except ValueError:
        return None
    return local.astimezone(UTC)
