"""NetBilling: a hosted form bound by an MD5, Direct Mode for stored cards, reports.

Sources: NETbilling's own WooCommerce plugin, a public Drupal provider with a captured
postback, ActiveMerchant. Nothing but sales and renewals is pushed: refunds and chargebacks
stand in the transaction report. Unverified parts: docs/gateways/netbilling.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from apps.core.money import Money
from apps.finance.payments.adapters import netbilling_direct
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
    RebillBy,
    Returned,
    Sold,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.exchange import Refusing, first, kept, price_text
from apps.finance.payments.adapters.proof import same
from apps.finance.payments.adapters.strict import check_text, money, read_form

HASH_FIELDS = "Ecom_Ezic_Security_HashFields"
HASH_VALUE = "Ecom_Ezic_Security_HashValue_MD5"
PROOF = "Ecom_Ezic_ProofOfPurchase_MD5"
RESPONSE = "Ecom_Ezic_Response_"
ACCOUNT, COST = "Ecom_Ezic_AccountAndSitetag", "Ecom_Cost_Total"
#: What the payer must not be able to change; the form hands back everything else unproved.
_BOUND = (ACCOUNT, COST, "order")
_PAID, _PENDING, _DECLINED = frozenset({"1"}), frozenset({"I"}), frozenset({"0", "D", "F"})
_FACTS = (
    "Ecom_Ezic_Membership_ID", "Ecom_Ezic_Recurring_ID", "Ecom_Ezic_Response_AuthMessage",
    "Ecom_Ezic_Response_StatusCode", "Ecom_Ezic_Response_StatusSubCode",
    "Ecom_BillTo_Postal_CountryCode",
)  # fmt: skip


def hash_value(values: Iterable[str], *, integrity_key: str) -> str:
    """MD5 hex over the integrity key and the values of the bound fields, in their order."""
    return _md5(integrity_key + "".join(values))


def proof_of_purchase(
    values: Iterable[str], *, transaction_id: str, status_code: str, integrity_key: str
) -> str:
    """MD5 in capitals over the key, transaction, status and the same values."""
    return _md5(integrity_key + transaction_id + status_code + "".join(values)).upper()


class NetBilling(Refusing):
    """See ``base.Gateway``."""

    capabilities = Capabilities(
        currencies=frozenset({"USD"}),
        hosted_page=True,
        token_charge=True,
        rebill_by=RebillBy.EITHER,
        takes_renewals=True,
        cancel_renewals=True,
        refund=True,
        partial_refund=True,
        look_up=True,
        look_up_proves=True,
        webhook_methods=frozenset({"POST", "GET"}),
    )
    needs = frozenset({"form_url", "direct_url", "integrity_key"})

    def open_checkout(self, order: Order) -> Checkout:
        account = order.account
        fields = {
            ACCOUNT: f"{account.number}:{account.subaccount}",
            COST: price_text(order.amount),
            "Ecom_Receipt_Description": order.description or "Purchase",
            "order": order.token,
            "Ecom_Ezic_Fulfillment_ReturnURL": order.success_url,
            "Ecom_Ezic_Fulfillment_GiveUpURL": order.decline_url,
            "Ecom_Ezic_Fulfillment_PostbackURL": order.webhook_url,
            **_membership(order),
        }
        bound = [*_BOUND, *_membership(order)]
        sent = {name: value for name, value in fields.items() if value}
        sent[HASH_FIELDS] = " ".join(bound)
        sent[HASH_VALUE] = hash_value(
            (sent[name] for name in bound), integrity_key=account.config["integrity_key"]
        )
        return Checkout(f"{account.config['form_url']}?{urlencode(sent)}")

    def charge(self, charge: Charge) -> Answered:
        if charge.one_time:
            raise NotOffered
        return netbilling_direct.sell(charge)

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        return netbilling_direct.refund(sold, amount)

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        return netbilling_direct.cancel(sold)

    def look_up(self, sold: Sold) -> LookedUp:
        return netbilling_direct.look_up(sold)

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        fields = dict(delivery.query)
        check_text(fields)
        if delivery.body and delivery.method != "GET":
            if "cmd=" in delivery.body[:2000].decode("ascii", "replace"):
                return [netbilling_direct.read_command(delivery.body, account)]
            fields = read_form(delivery.body)
        check_proof(fields, account.config["integrity_key"])
        return [_notice(fields)]

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        check_text(params)
        if not params.get("order") or not params.get(f"{RESPONSE}StatusCode"):
            raise Unreadable("the return names no order or no outcome")
        check_proof(params, account.config["integrity_key"])
        status = params[f"{RESPONSE}StatusCode"]
        return Returned(
            token=params["order"],
            approved=status in _PAID | _PENDING,
            reference=params.get(f"{RESPONSE}TransactionID", "")[:40],
            code="" if status in _PAID else _code(params),
            reason="" if status in _PAID else params.get(f"{RESPONSE}AuthMessage", "")[:200],
        )


def check_proof(fields: Mapping[str, str], integrity_key: str) -> None:
    """
    Check the proof of purchase, and that it covers what must not be changed.

    Whoever pays sees which fields are bound and could bind fewer: a proof over the account
    alone would say nothing of price and order.

    :raises NotAuthentic: wrong, missing, or not over account, price and order
    """
    bound = fields.get(HASH_FIELDS, "").split()
    if not set(_BOUND) <= set(bound) or any(name not in fields for name in bound):
        raise NotAuthentic("price and order are not bound by the proof")
    expected = proof_of_purchase(
        (fields[name] for name in bound),
        transaction_id=fields.get(f"{RESPONSE}TransactionID", ""),
        status_code=fields.get(f"{RESPONSE}StatusCode", ""),
        integrity_key=integrity_key,
    )
    if not same(expected, fields.get(PROOF, "").upper()):
        raise NotAuthentic("the proof of purchase is wrong: altered, or not made with our key")


def _notice(fields: Mapping[str, str]) -> Notice:
    status, transaction = (
        fields.get(f"{RESPONSE}StatusCode", ""),
        fields.get(f"{RESPONSE}TransactionID", ""),
    )
    if not transaction:
        raise Unreadable("it names no transaction")
    again = fields.get(f"{RESPONSE}Type", "").lower() == "rebill"
    told = _told(status, again=again)
    number, _, tag = fields[ACCOUNT].partition(":")
    member = first(fields, "Ecom_Ezic_Membership_ID", "Ecom_Ezic_Recurring_ID")
    return Notice(
        event_type=f"{'rebill' if again else 'sale'} {status[:10]}",
        told=told,
        dedupe_key=f"{transaction}:{status}"[:120],
        account=Account(number, tag),
        token=fields["order"],
        reference="" if again else transaction[:40],
        gateway_transaction=(transaction if again else member or transaction)[:40],
        amount=money(fields[COST], "USD"),
        occurred_at=netbilling_direct.clock(fields.get(f"{RESPONSE}IssueDate", "")),
        code="" if status in _PAID else _code(fields),
        reason="" if status in _PAID else fields.get(f"{RESPONSE}AuthMessage", "")[:200],
        means=Means(f"CS:{transaction}"[:40]) if told is Told.PAID else None,
        facts=kept(fields, _FACTS),
    )


def _told(status: str, *, again: bool) -> Told:
    if status in _PAID:
        return Told.RENEWED if again else Told.PAID
    if status in _PENDING:
        return Told.PENDING
    if status == "F":
        return Told.NEEDS_STAFF  # it failed when it was settled, or a check came back
    if status in _DECLINED:
        return Told.RENEWAL_FAILED if again else Told.DECLINED
    return Told.NEEDS_STAFF


def _code(fields: Mapping[str, str]) -> str:
    code = first(fields, f"{RESPONSE}StatusSubCode", f"{RESPONSE}StatusCode")
    return code[:40]


def _membership(order: Order) -> dict[str, str]:
    again = order.renewal
    if again is None:
        return {}
    return {
        "Ecom_Ezic_Membership_Period": str(again.first_days),
        "Ecom_Ezic_Recurring_Amount": price_text(again.amount),
        "Ecom_Ezic_Recurring_Period": str(again.days),
    }


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
