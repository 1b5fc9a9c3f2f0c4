"""HMS (Host Merchant Services) over the NMI gateway: Collect.js tokens, customer vault.

Sources: ActiveMerchant's nmi.rb and its tests for Direct Post; webhooks: see ``nmi_webhooks``.
Response codes and the Query API's answers are from memory: see docs/gateways/nmi.md. The
gateway keeps no keys: after an unknown outcome its Query API is asked by our order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from apps.core.http import Client, OutcomeUnknown
from apps.core.money import SCALES, Money
from apps.finance.payments.adapters import answers, nmi_query, nmi_webhooks, returning, strict
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Capabilities,
    Charge,
    Checkout,
    Delivery,
    LookedUp,
    Means,
    Notice,
    NotOffered,
    Order,
    Outcome,
    RebillBy,
    Returned,
    Sold,
    Unreadable,
)

_client: Final = Client(service="nmi")
CURRENCIES: Final = frozenset({"USD", "EUR", "GBP", "CAD", "AUD"})
APPROVED, DECLINED, ERROR = "1", "2", "3"
#: The gateway could not reach the processor or issuer, or has seen the same charge before.
_UNKNOWN: Final = frozenset({"420", "421", "430"})
#: A merchant account that is not set up or not active: another gateway may be tried.
_NOT_TAKEN: Final = frozenset({"410", "411"})
#: What the text of a rejection (300) begins with when our key was wrong, or when the same charge
#: came before: the first one may have been approved [M].
_LOGIN, _DUPLICATE = ("authentication failed", "invalid security key"), "duplicate"
#: What the card networks want to happen next (three-way rule): for good, another card, later.
ADVICE: Final = {
    "261": "stop", "262": "stop", "250": "stop", "251": "stop", "252": "stop", "253": "stop",
    "223": "new card", "263": "new card",
    "202": "retry", "264": "retry",
}  # fmt: skip
_KEPT: Final = (
    "response", "responsetext", "authcode", "transactionid", "avsresponse", "cvvresponse",
    "orderid", "type", "response_code", "customer_vault_id",
)  # fmt: skip


class NMI:
    """See ``base.Gateway``. ``Account.number`` is the gateway's merchant id, ``subaccount`` the
    processor id that chooses the MID. A stored means is ``vault id:first transaction``."""

    capabilities = Capabilities(
        currencies=CURRENCIES,
        fields=True,
        token_charge=True,
        rebill_by=RebillBy.US,
        refund=True,
        partial_refund=True,
        void=True,
        look_up=True,
        look_up_proves=True,
        dispute_push=True,
        wallets=frozenset({"applepay", "googlepay"}),
    )
    needs = frozenset({"api_url", "security_key", "tokenization_key", "signing_key"})

    def open_checkout(self, order: Order) -> Checkout:
        """What Collect.js needs in our page; it hands back a one-time ``payment_token``."""
        return Checkout(
            fields={
                "tokenization_key": order.account.config["tokenization_key"],
                "amount": amount_text(order.amount),
                "currency": order.amount.currency,
            }
        )

    def charge(self, charge: Charge) -> Answered:
        """A wallet's token is a ``payment_token`` too: Collect.js makes it."""
        order = charge.order
        fields = {
            "type": "sale",
            "amount": amount_text(order.amount),
            "currency": order.amount.currency,
            "orderid": order.token,
            "orderdescription": order.description,
            "ipaddress": order.buyer.ip,
            "email": order.buyer.email,
            "processor_id": order.account.subaccount,
            "dup_seconds": order.account.config.get("dup_seconds", ""),
            **_means(charge),
        }
        answer = _post(order.account, fields)
        approved = answer.get("response") == APPROVED
        means = None
        if approved and (vault := answer.get("customer_vault_id")) and charge.one_time:
            # Which card it is, where the answer says so [M]: its kind and a masked number.
            last4 = answer.get("cc_number", "")[-4:]
            means = Means(
                token=f"{vault}:{answer.get('transactionid', '')}"[:160],
                brand=answer.get("cc_type", "")[:20],
                last4=last4 if last4.isascii() and last4.isdigit() else "",
            )
        return _answered(answer, order.token, order.amount, means)

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        """Not safe to repeat: each call that is approved sends money back."""
        fields = {
            "type": "refund",
            "transactionid": sold.reference,
            "amount": amount_text(amount),
            "orderid": sold.token,
        }
        return _answered(_post(sold.account, fields), sold.token, amount)

    def void(self, sold: Sold, *, key: str) -> Answered:
        """Only before settlement; afterwards it is declined (code 300)."""
        answer = _post(sold.account, {"type": "void", "transactionid": sold.reference})
        return _answered(answer, sold.token, sold.amount)

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        return returning.read(params)

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        return nmi_webhooks.read(delivery, account)

    def look_up(self, sold: Sold) -> LookedUp:
        """By transaction, or by order: all its tries are listed, an approved one counts."""
        asked = {"transaction_id": sold.reference} if sold.reference else {"order_id": sold.token}
        answer = _client.request(
            "POST",
            f"{sold.account.config['api_url']}/query.php",
            data={"security_key": sold.account.config["security_key"], **asked},
            retry=True,
        )
        if answer.status != answers.OK:
            raise answers.GatewayTrouble(status=answer.status)
        return nmi_query.read(answer.body, order=sold.token if not sold.reference else "")


def amount_text(amount: Money) -> str:
    """``25.00``."""
    return f"{amount.decimal:.{SCALES[amount.currency]}f}"


def _means(charge: Charge) -> dict[str, str]:
    """The token, and what the card networks want to know of a stored one."""
    if charge.one_time:
        fields = {"payment_token": charge.token}
        if charge.order.keep:
            fields |= {
                "customer_vault": "add_customer",
                "initiated_by": "customer",
                "stored_credential_indicator": "stored",
            }
        return fields
    vault, _, first = charge.token.partition(":")
    fields = {
        "customer_vault_id": vault,
        "initiated_by": "customer" if charge.payer_present else "merchant",
        "stored_credential_indicator": "used",
        "initial_transaction_id": first,
    }
    return fields if charge.payer_present else {**fields, "billing_method": "recurring"}


def _post(account: Account, fields: Mapping[str, str]) -> dict[str, str]:
    """
    Send it and read the form that comes back.

    :raises NotTaken: refused before it went to the processor
    :raises OutcomeUnknown: no answer that says what was done
    """
    answer = _client.request(
        "POST",
        f"{account.config['api_url']}/transact.php",
        data={
            "security_key": account.config["security_key"],
            **{name: text for name, text in fields.items() if text},
        },
    )
    if answer.status != answers.OK:
        raise OutcomeUnknown(status=answer.status)
    try:
        read = strict.read_form(answer.body.strip())
    except Unreadable as error:
        raise OutcomeUnknown(status=answer.status) from error
    response, code = read.get("response", ""), read.get("response_code", "")
    text = read.get("responsetext", "").lower()
    repeated = response == ERROR and text.startswith(_DUPLICATE)
    if response not in {APPROVED, DECLINED, ERROR} or code in _UNKNOWN or repeated:
        raise OutcomeUnknown(code=code[:20])
    if response == ERROR and (code in _NOT_TAKEN or text.startswith(_LOGIN)):
        raise answers.NotTaken(code=code[:20])
    return read


def _answered(
    answer: Mapping[str, str], order: str, amount: Money, means: Means | None = None
) -> Answered:
    approved = answer.get("response") == APPROVED
    code = answer.get("response_code", "")[:40]
    received = {name: answer[name][:200] for name in _KEPT if answer.get(name)}
    if code in ADVICE:
        received["advice"] = ADVICE[code]
    return Answered(
        Outcome.DONE if approved else Outcome.DECLINED,
        reference=answer.get("transactionid", "")[:80],
        gateway_transaction=answer.get("transactionid", "")[:40],
        code="" if approved else code,
        reason="" if approved else answer.get("responsetext", "")[:200],
        means=means,
        sent={"orderid": order, "amount": str(amount)},
        received=received,
    )
