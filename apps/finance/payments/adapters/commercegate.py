"""CommerceGate: hosted form over its REST interface, refunds over the older one.

Every fact is from public code only, none from the vendor: all is to be checked against the
merchant documentation before it takes money; see docs/gateways/commercegate.md. Names of
fields in callbacks can be changed by configuration (``callback_fields``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from apps.core.http import Client, OutcomeUnknown
from apps.core.money import Money
from apps.finance.payments.adapters import answers, commercegate_callbacks, returning, strict
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Capabilities,
    Charge,
    Checkout,
    Delivery,
    LookedUp,
    Notice,
    NotOffered,
    Order,
    Outcome,
    RebillBy,
    Renewal,
    Returned,
    Sale,
    Sold,
    Unreadable,
)

_client: Final = Client(service="commercegate")
CURRENCIES: Final = frozenset({"USD", "EUR", "GBP"})
#: What stands before a form's id, to tell it from an order's.
FORM: Final = "form-"
_SALES: Final = {
    "APPROVED": Sale.PAID,
    "SUCCESS": Sale.PAID,
    "PENDING": Sale.PENDING,
    "DECLINED": Sale.DECLINED,
    "FAILED": Sale.DECLINED,
    "REFUNDED": Sale.UNDONE,
    "CHARGEBACK": Sale.UNDONE,
}
_ENDED: Final = frozenset({"OK", "SUCCESS", "CANCELLED", "CANCELED", "CLOSED"})


class CommerceGate:
    """See ``base.Gateway``. CommerceGate starts the renewals of subscriptions sold there."""

    capabilities = Capabilities(
        currencies=CURRENCIES,
        hosted_page=True,
        rebill_by=RebillBy.GATEWAY,
        takes_renewals=True,
        names_subscriptions=True,
        cancel_renewals=True,
        refund=True,
        partial_refund=True,
        look_up=True,
        look_up_proves=True,
        dispute_push=True,
        webhook_reply="success",
    )
    needs = frozenset(
        {"api_url", "legacy_url", "login", "password", "customer_id", "customer_password",
         "security_key", "webhook_networks"}
    )  # fmt: skip

    def open_checkout(self, order: Order) -> Checkout:
        """
        Each call makes a new form.

        :raises NotOffered: renewals that end by themselves, or begin before their period is over
        """
        body: dict[str, Any] = {
            "MerchantInfo": {**_merchant(order.account), "externalId": order.token},
            "CustomerInfo": {
                "ipAddress": order.buyer.ip,
                "userLanguage": order.buyer.language,
                "email": order.buyer.email,
            },
            "TransactionInfo": {
                "description": order.description,
                "amount": order.amount.minor,
                "currency": order.amount.currency,
            },
            "ThreeDInfo": {
                "redirectUrl": returning.address(order.success_url, token=order.token, paid=True)
            },
            "Callbacks": dict.fromkeys(
                ("onSuccessUrl", "onFailUrl", "onSubscriptionRecurringSuccessUrl",
                 "onSubscriptionRecurringFailUrl", "onSubscriptionCanceledUrl",
                 "onSubscriptionClosedUrl"),
                order.webhook_url,
            ),
        }  # fmt: skip
        if order.renewal:
            _add_renewal(body, order.renewal)
        answer = _call(order.account, "/v1/api/payment_form/configure", body)
        fields = strict.texts(answers.told(answer))
        if not fields.get("forwardUrl") or not fields.get("paymentFormId"):
            raise answers.GatewayTrouble(what="no form")
        return Checkout(url=fields["forwardUrl"], reference=FORM + fields["paymentFormId"])

    def charge(self, charge: Charge) -> Answered:
        raise NotOffered

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        """Not safe to repeat: the older interface keeps no keys."""
        config = sold.account.config
        sent = {
            "transactionId": sold.gateway_transaction or sold.reference,
            "amount": str(amount.decimal),
        }
        answer = _client.request(
            "POST",
            f"{config['legacy_url']}/api/customer/v2/refund",
            data={
                "customerId": config["customer_id"],
                "password": config["customer_password"],
                **sent,
            },
        )
        fields = strict.texts(answers.acted(answer))
        status = fields.get("status", "")
        if status not in {"OK", "ERROR"}:
            raise OutcomeUnknown(status=status[:20])
        return Answered(
            Outcome.DONE if status == "OK" else Outcome.DECLINED,
            reference=fields.get("transactionId", "")[:80],
            reason=fields.get("message", "")[:200],
            sent=sent,
            received={name: fields[name][:200] for name in ("status", "message", "transactionId")
                      if name in fields},
        )  # fmt: skip

    def void(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        path = f"/v1/api/subscription/{quote(sold.reference, safe='')}"
        body = {"MerchantInfo": _merchant(sold.account), "cancellationReason": "by the payer"}
        answer = _call(sold.account, path, body)
        if answer.status == answers.CONFLICT and "already" in answer.text.lower():
            return Answered(
                Outcome.DONE, reference=sold.reference, sent={"orderId": sold.reference}
            )
        fields = strict.texts(answers.acted(answer))
        done = answer.status == answers.OK and fields.get("status", "").upper() in _ENDED
        return Answered(
            Outcome.DONE if done else Outcome.DECLINED,
            reference=sold.reference,
            code="" if done else fields.get("status", str(answer.status))[:40],
            reason=fields.get("message", "")[:200],
            sent={"orderId": sold.reference},
            received={
                name: fields[name][:200] for name in ("status", "message") if name in fields
            },
        )

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        return returning.read(params)

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        return [commercegate_callbacks.read(delivery, account)]

    def look_up(self, sold: Sold) -> LookedUp:
        """By the order's id there, or by the form that was opened for it."""
        if not sold.reference:
            raise answers.GatewayTrouble(what="an order can't be asked for by our own name")
        path = f"order/{quote(sold.reference, safe='')}"
        if sold.reference.startswith(FORM):
            form = quote(sold.reference.removeprefix(FORM), safe="")
            path = f"orderByPaymentFormId/{form}"
        answer = _call(
            sold.account,
            f"/v1/api/reporting/{path}",
            {"MerchantInfo": _merchant(sold.account)},
            retry=True,
        )
        if answer.status == answers.NOT_FOUND:
            # A form nobody has filled in yet has no order.
            return LookedUp(Sale.PENDING if path.startswith("orderBy") else Sale.NOT_FOUND)
        fields = strict.texts(answers.told(answer))
        status = fields.get("status", "").upper()
        if status not in _SALES:
            raise answers.GatewayTrouble(status=status[:20])
        try:
            amount = commercegate_callbacks.minor_amount(fields)
        except Unreadable as error:
            raise answers.GatewayTrouble(what=str(error)) from error
        return LookedUp(
            _SALES[status],
            token=fields.get("externalId", ""),
            reference=fields.get("orderId", "")[:80],
            amount=amount,
            facts={"status": status[:40]},
        )


#: So many days the first month may be shorter than the others by the calendar alone: February
#: has 28, theirs always 30. It is then charged so much later, within the days a gateway may be
#: late; a shorter first period (a trial) cannot be told to them.
CALENDAR_DAYS = 2


def _add_renewal(body: dict[str, Any], renewal: Renewal) -> None:
    """Days are the only period that needs no calendar of theirs."""
    later = renewal.first_days - renewal.days
    if renewal.times or later < -CALENDAR_DAYS:
        raise NotOffered
    body["TransactionInfo"]["amountRecurring"] = renewal.amount.minor
    body["SubscriptionPeriod"] = {"name": "day", "amount": renewal.days}
    if later > 0:
        body["SubscriptionConfig"] = {"amountOfDaysToShiftFirstRecurring": later}


def _merchant(account: Account) -> dict[str, str]:
    return {"merchantId": account.number, "merchantWebsiteId": account.subaccount}


def _call(
    account: Account, path: str, body: Mapping[str, Any], *, retry: bool = False
) -> answers.Response:
    """
    Log in and call. Every call logs in anew: an adapter keeps nothing.

    :raises GatewayTrouble: the login failed; nothing was done
    """
    config = account.config
    login = _client.request(
        "POST",
        f"{config['api_url']}/v1/token",
        json={"login": config["login"], "password": config["password"]},
        retry=True,
    )
    token = strict.texts(answers.told(login)).get("token", "")
    if not token:
        raise answers.GatewayTrouble(what="no token")
    return _client.request(
        "POST",
        config["api_url"] + path,
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        retry=retry,
    )
