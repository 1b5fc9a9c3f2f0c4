"""What Segpay's postbacks say, by the matrix of type, action, stage and approval."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from apps.core.money import Money
from apps.finance.payments.adapters.base import (
    Account,
    Disputed,
    Means,
    Notice,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.exchange import first, kept
from apps.finance.payments.adapters.strict import money

#: What is done to a membership; the money of it comes in posts of its own.
MEMBER = {
    "probe": Told.NOTHING,
    "enable": Told.NOTHING,
    "disable": Told.RENEWAL_ENDED,
    "cancel": Told.RENEWAL_ENDED,
    "cancellation": Told.RENEWAL_ENDED,
}
_BACK = {"credit": Told.REFUNDED, "charge": Told.CHARGEBACK}
_LATER = frozenset({"conversion", "rebill", "instantconversion"})
_YES = frozenset({"yes", "1", "true", "y"})
_FACTS = (
    "stage", "approved", "trantype", "action", "purchaseid", "relatedtranid", "eticketid",
    "cardtype", "cclast4", "ccbincountry", "standin", "desc", "refundreasoncode",
    "cancelreasoncode", "nextbilldate", "lastbilldate",
)  # fmt: skip


def read(fields: Mapping[str, str]) -> Notice:
    """
    Read a postback; names in lower case, values compared whatever their case.

    :raises Unreadable: it names neither a transaction nor a purchase, or no amount
    """
    purchase, transaction = fields.get("purchaseid", ""), fields.get("tranid", "")
    told = told_by(fields)
    if not purchase and not transaction:
        raise Unreadable("nothing tells this delivery from others")
    back = told in {Told.REFUNDED, Told.CHARGEBACK, Told.VOIDED}
    related = fields.get("relatedtranid", "")
    related = "" if related == "0" else related
    later = told in {Told.RENEWED, Told.RENEWAL_FAILED}
    return Notice(
        event_type="/".join(_word(fields, name) for name in ("trantype", "action", "stage"))[:40],
        told=told,
        dedupe_key=_key(fields),
        account=Account(fields.get("merchantid", "")),
        # A one-click sale shares its purchase with the first: its number is the better name.
        token="" if back and related else fields.get("ref1", ""),
        reference=(related if (back or later) and related else transaction)[:40],
        gateway_transaction=(transaction if later else purchase or transaction)[:40],
        amount=_amount(fields, told),
        occurred_at=clock(fields.get("transtime", "")),
        code=_code(fields, told),
        reason=first(fields, "declinereason", "refundcomment", "cancelcomment")[:200],
        means=_means(fields) if told is Told.PAID else None,
        dispute=Disputed((transaction or purchase)[:80]) if told is Told.CHARGEBACK else None,
        facts=kept(fields, _FACTS),
    )


def told_by(fields: Mapping[str, str]) -> Told:
    """Return what type, action, stage and approval mean together."""
    kind, action = _word(fields, "trantype"), _word(fields, "action")
    if not kind:
        return MEMBER.get(action, Told.NEEDS_STAFF)
    if action == "void":
        return Told.VOIDED
    if action != "auth":
        return Told.NEEDS_STAFF
    if kind != "sale":
        approved = _word(fields, "approved") in _YES
        return _BACK.get(kind, Told.NEEDS_STAFF) if approved else Told.NEEDS_STAFF
    return _told_of_sale(fields)


def _told_of_sale(fields: Mapping[str, str]) -> Told:
    stage, approved = _word(fields, "stage"), _word(fields, "approved") in _YES
    if not approved and _word(fields, "standin") in _YES:
        return Told.VOIDED  # approved in the bank's stead before, and taken back now
    if stage == "initial" or fields.get("oneclick") == "1":
        return Told.PAID if approved else Told.DECLINED
    if stage in _LATER:
        return Told.RENEWED if approved else Told.RENEWAL_FAILED
    return Told.NEEDS_STAFF


def clock(text: str) -> datetime | None:
    """Read ``7/28/2008 3:38:43 PM (GMT STANDARD TIME)``: GMT, whatever stands in brackets."""
    try:
        bare = text.partition("(")[0].strip()
        return datetime.strptime(bare, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    except ValueError:
        return None


def _word(fields: Mapping[str, str], name: str) -> str:
    return fields.get(name, "").strip().lower()


def _key(fields: Mapping[str, str]) -> str:
    """The same transaction may be approved first and declined after a stand-in."""
    who = fields.get("tranid", "")
    if not _word(fields, "trantype"):
        who = f"{fields.get('purchaseid', '')}:{who or fields.get('transtime', '')}"
    words = (_word(fields, name) for name in ("trantype", "action", "approved"))
    return ":".join((who, *words))[:120]


def _amount(fields: Mapping[str, str], told: Told) -> Money | None:
    price = fields.get("price", "")
    if not price or told is Told.RENEWAL_ENDED:
        return None
    return money(price.removeprefix("-"), fields.get("currencycode", ""))


def _code(fields: Mapping[str, str], told: Told) -> str:
    if told in {Told.DECLINED, Told.RENEWAL_FAILED}:
        return (first(fields, "declinecode", "authcode") or "declined")[:40]
    return first(fields, "refundreasoncode", "cancelreasoncode")[:40]


def _means(fields: Mapping[str, str]) -> Means | None:
    purchase = fields.get("purchaseid", "")
    if not purchase:
        return None
    return Means(
        token=purchase[:40],
        brand=fields.get("cardtype", "")[:20],
        last4=fields.get("cclast4", "")[:4],
        country=fields.get("ccbincountry", "")[:2],
        bin=fields.get("ccfirst6", "")[:8],
    )
