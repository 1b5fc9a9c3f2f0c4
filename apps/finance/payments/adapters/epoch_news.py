"""What Epoch tells: FlexPost about a sale, DataPlus about all money, cancels about members.

Sources: public code (DataPlus table definitions, aMember's plugins, a site's test notes). One
source says C stands for refunds and chargebacks alike, others that chargebacks are D.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

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

#: ``ets_transaction_type``.
TYPES = {
    "I": Told.PAID,  # first of a subscription
    "O": Told.PAID,  # once
    "T": Told.PAID,  # paid trial
    "F": Told.NOTHING,  # free trial
    "U": Told.RENEWED,  # trial became a subscription
    "N": Told.RENEWED,
    "J": Told.RENEWAL_FAILED,  # trial could not become one
    "K": Told.RENEWAL_ENDED,  # cancelled trial
    "C": Told.REFUNDED,
    "D": Told.CHARGEBACK,
    "X": Told.CHARGEBACK,  # returned check
}
SALES, BACK = frozenset("IOTUN"), frozenset("CDX")
#: Approvals without money, of test cards and test accounts.
_TESTS = ("YGOODTEST", "YQATEST")
#: Epoch sits in California; the zone of its times is not documented, so it can be set.
_ZONE = "America/Los_Angeles"
_FACTS = ("payment_type", "payment_subtype", "country", "trans_amount_usd", "pi_code", "order_id")
_ETS_FACTS = ("ets_member_idx", "ets_payment_type", "ets_country", "ets_pi_code",
              "ets_ref_trans_ids", "ets_password_expire")  # fmt: skip


def is_test(answer: str) -> bool:
    """Say whether it approves a test, by which nobody pays."""
    return answer.startswith(_TESTS)


def is_paid(answer: str, config: Mapping[str, str]) -> bool:
    """Say whether money was taken; tests count where ``take_test_sales`` is "yes"."""
    taken = config.get("take_test_sales") == "yes" or not is_test(answer)
    return answer.startswith("Y") and taken


def read(fields: Mapping[str, str], config: Mapping[str, str]) -> Notice:
    """
    Read what was proved before.

    :raises Unreadable: it tells neither a sale, nor a money event, nor a cancel
    """
    if fields.get("ets_transaction_id"):
        return _data_plus(fields, config)
    if fields.get("mcs_or_idx"):
        return _cancel(fields, config)
    return _flex_post(fields, config)


def _flex_post(fields: Mapping[str, str], config: Mapping[str, str]) -> Notice:
    answer, transaction = fields.get("ans", ""), fields.get("transaction_id", "")
    if not answer:
        raise Unreadable("it tells no answer")
    paid = is_paid(answer, config)
    if not transaction and (paid or not fields.get("x_order")):
        raise Unreadable("nothing tells this delivery from others")
    told = Told.PAID if paid else Told.DECLINED
    if not paid and not answer.startswith("N"):
        told = Told.NEEDS_STAFF
    identity = transaction or f"{fields['x_order']}:{first(fields, 'session_id', 'submit_count')}"
    price = first(fields, "trans_amount", "amount")
    currency = first(fields, "trans_currency", "currency")
    if paid and not price:
        raise Unreadable("it tells no amount")
    member = fields.get("member_id", "")
    return Notice(
        event_type=f"FlexPost {answer.split('|')[0][:20]}",
        told=told,
        dedupe_key=f"FlexPost:{identity}:{answer[:1]}"[:120],
        account=Account(fields.get("co_code", ""), _reseller(fields.get("reseller", ""))),
        token=fields.get("x_order", ""),
        reference=transaction[:40],
        gateway_transaction=member[:40],
        amount=money(price, currency) if price else None,
        occurred_at=clock(fields.get("event_datetime", ""), config),
        code="" if paid else answer[:40],
        reason="A test approval: nobody paid" if answer[:1] == "Y" and not paid else "",
        means=Means(member[:40], brand=fields.get("payment_subtype", "")[:20]) if member else None,
        facts=kept(fields, _FACTS),
    )


def _data_plus(fields: Mapping[str, str], config: Mapping[str, str]) -> Notice:
    kind, transaction = fields.get("ets_transaction_type", ""), fields["ets_transaction_id"]
    told = TYPES.get(kind, Told.NEEDS_STAFF)
    token = fields.get("ets_x_order", "")
    if told is Told.PAID and not token:
        told = Told.NOTHING  # FlexPost told of the same sale, with its order
    original = fields.get("ets_ref_trans_ids", "").replace(";", ",").split(",")[0].strip()
    about_another = told is not Told.PAID and original
    member = fields.get("ets_member_idx", "")
    return Notice(
        event_type=f"DataPlus {kind[:20]}",
        told=told,
        dedupe_key=f"DataPlus:{transaction}"[:120],
        account=Account(
            fields.get("ets_co_code", ""), _reseller(fields.get("ets_reseller_code", ""))
        ),
        token=token,
        reference=(original if about_another else transaction)[:40],
        gateway_transaction=(member if told is Told.PAID else transaction)[:40],
        amount=_ets_amount(fields, config),
        occurred_at=clock(fields.get("ets_transaction_date", ""), config),
        means=Means(member[:40]) if member and told is Told.PAID else None,
        dispute=Disputed(transaction[:80]) if told is Told.CHARGEBACK else None,
        facts=kept(fields, _ETS_FACTS),
    )


def _cancel(fields: Mapping[str, str], config: Mapping[str, str]) -> Notice:
    member, day = fields["mcs_or_idx"], fields.get("mcs_canceldate", "")
    return Notice(
        event_type="MemberCancelStats",
        told=Told.RENEWAL_ENDED,
        dedupe_key=f"Cancel:{member}:{day}"[:120],
        account=Account(fields.get("mcs_cocode", ""), _reseller(fields.get("mcs_reseller", ""))),
        token=fields.get("mcs_x_order", ""),
        gateway_transaction=member[:40],
        occurred_at=clock(day, config),
        reason=fields.get("mcs_reason", "")[:200],
        facts=kept(fields, ("mcs_or_idx", "mcs_picode", "mcs_memberstype")),
    )


def _ets_amount(fields: Mapping[str, str], config: Mapping[str, str]) -> Money | None:
    """Refunds are negative. The feed's currency is the account's where it names none."""
    price = fields.get("ets_transaction_amount", "")
    if not price:
        return None
    currency = fields.get("ets_currency") or config.get("currency") or "USD"
    return money(price.removeprefix("-"), currency)


def _reseller(name: str) -> str:
    """``a`` is Epoch's word for none."""
    return "" if name == "a" else name


def clock(text: str, config: Mapping[str, str]) -> datetime | None:
    """Read ``2026-01-15 12:00:00`` in Epoch's zone; None when there is no such time in it."""
    zone = ZoneInfo(config.get("time_zone") or _ZONE)
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
