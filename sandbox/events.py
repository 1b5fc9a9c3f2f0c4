"""CCBill webhooks: field sets as captured in public code (ccbill_ruby, overdoll)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import urlencode

from sandbox.config import CcbillAccount, Config
from sandbox.delivery import Courier, Message
from sandbox.orders import Order
from sandbox.state import Charge, State

#: CCBill writes Arizona time, which knows no summer time.
ARIZONA = timezone(timedelta(hours=-7))


def identifier(state: State) -> str:
    """Return a subscription or transaction id of 19 digits.

    Layout (CCBill notice, 2006): station 2, year 2, day of the year 3, weekday 1, method 2
    (02: test), serial 9.
    """
    at = state.now().astimezone(ARIZONA)
    return f"01{at:%y%j%u}02{state.next_serial():09}"


def timestamp(at: datetime) -> str:
    """Return a time as webhooks write it."""
    return f"{at.astimezone(ARIZONA):%Y-%m-%d %H:%M:%S}"


def sale_fields(
    order: Order, buyer: dict[str, str], *, transaction_id: str, at: datetime
) -> dict[str, str]:
    """Return the fields that a sale and its failure share."""
    zero = "0" if order.currency_code == "392" else "0.00"
    money: dict[str, str] = {}
    for group in ("billed", "subscription"):
        money |= {
            f"{group}Currency": order.currency,
            f"{group}CurrencyCode": order.currency_code,
            f"{group}InitialPrice": order.price,
            f"{group}RecurringPrice": order.recurring_price or zero,
        }
    return {
        **money,
        "accountingCurrency": order.currency,
        "accountingCurrencyCode": order.currency_code,
        "accountingInitialPrice": accounting_text(order.price),
        "cardType": "VISA",
        "paymentType": "CREDIT",
        "clientAccnum": order.account.client_accnum,
        "clientSubacc": order.client_subacc,
        "dynamicPricingValidationDigest": order.form_digest,
        "flexId": order.flex_id,
        "formName": "",
        "initialPeriod": str(order.period),
        "recurringPeriod": str(order.recurring_period),
        "rebills": order.rebills,
        "priceDescription": f"{order.price_text} for {order.period} days"
        + (" then recurring" if order.recurring_price else " (non-recurring)"),
        "timestamp": timestamp(at),
        "transactionId": transaction_id,
        **buyer,
        **order.passed_through,
    }


def accounting_text(price: str) -> str:
    """Return an accounting amount as captured: no second zero behind the point (45.0)."""
    whole, _, cents = price.partition(".")
    return f"{whole}.{cents.rstrip('0') or '0'}"


class Herald:
    """Tells the merchant of a sub-account what happened."""

    def __init__(self, state: State, courier: Courier) -> None:
        self._state, self._courier = state, courier

    def new_sale_success(self, order: Order, charge: Charge) -> None:
        """Announce a sale."""
        more = {"subscriptionId": charge.transaction_id, "subscriptionTypeId": "0000000001"}
        self._send("NewSaleSuccess", order.account, charge, {**charge.fields, **more})

    def new_sale_failure(self, order: Order, charge: Charge, *, code: str, reason: str) -> None:
        """Announce one refused attempt; the buyer may try again."""
        more = {"failureCode": code, "failureReason": reason}
        self._send("NewSaleFailure", order.account, charge, {**charge.fields, **more})

    def up_sale(self, charge: Charge, original: Charge, *, declined: str = "") -> None:
        """Announce a charge by a previous transaction, made or refused."""
        account = account_of(self._state.config, charge.client_accnum)
        more = {
            "originalSubscriptionId": original.transaction_id,
            "originalClientAccnum": original.client_accnum,
            "originalClientSubacc": original.client_subacc,
            "source": "API",
        }
        if declined:
            more |= {"failureCode": "BE-140", "failureReason": declined}
            self._send("UpSaleFailure", account, charge, {**charge.fields, **more})
        else:
            more |= {"subscriptionId": charge.transaction_id, "subscriptionTypeId": "0000000001"}
            self._send("UpSaleSuccess", account, charge, {**charge.fields, **more})

    def renewal(self, charge: Charge, *, amount: str, declined: bool) -> str:
        """Announce that a renewal was charged, or could not be; return its transaction."""
        account = account_of(self._state.config, charge.client_accnum)
        number, currency = identifier(self._state), charge.fields["billedCurrency"]
        now = self._state.now()
        days = timedelta(days=int(charge.fields["recurringPeriod"]) or 30)
        told = {
            "transactionId": number,
            "subscriptionId": charge.transaction_id,
            "clientAccnum": charge.client_accnum,
            "clientSubacc": charge.client_subacc,
            "timestamp": timestamp(now),
            "cardType": charge.fields["cardType"],
            "paymentType": "CREDIT",
            "last4": charge.fields.get("last4", ""),
        }
        if declined:
            told |= {"failureCode": "BE-140", "failureReason": "Transaction declined by bank"}
            told["nextRetryDate"] = f"{now + timedelta(days=1):%Y-%m-%d}"
            self._send("RenewalFailure", account, charge, told)
            return number
        for kind in ("billed", "accounting"):
            told[f"{kind}Amount"] = amount
            told[f"{kind}Currency"] = currency
            told[f"{kind}CurrencyCode"] = charge.currency_code
        told |= {"renewalDate": f"{now:%Y-%m-%d}", "nextRenewalDate": f"{now + days:%Y-%m-%d}"}
        self._send("RenewalSuccess", account, charge, told)
        return number

    def expiration(self, charge: Charge) -> None:
        """Announce that a subscription has run out."""
        account = account_of(self._state.config, charge.client_accnum)
        told = {
            "clientAccnum": charge.client_accnum,
            "clientSubacc": charge.client_subacc,
            "subscriptionId": charge.transaction_id,
            "timestamp": timestamp(self._state.now()),
        }
        self._send("Expiration", account, charge, told)

    def about_charge(self, event_type: str, charge: Charge, *, amount: str, reason: str) -> None:
        """Announce a Refund, Void, Chargeback or Cancellation of an earlier sale."""
        account = account_of(self._state.config, charge.client_accnum)
        currency = charge.fields["billedCurrency"]
        told = {
            "accountingAmount": amount,
            "accountingCurrency": currency,
            "accountingCurrencyCode": charge.currency_code,
            "amount": amount,
            "currency": currency,
            "currencyCode": charge.currency_code,
            "clientAccnum": charge.client_accnum,
            "clientSubacc": charge.client_subacc,
            "reason": reason,
            "subscriptionId": charge.transaction_id,
            "timestamp": timestamp(self._state.now()),
            "transactionId": charge.transaction_id,
        }
        if event_type == "Cancellation":
            told = {name: told[name] for name in sorted(CANCELLATION)} | {"source": "datalink"}
        self._send(event_type, account, charge, told)

    def _send(
        self, event_type: str, account: CcbillAccount, charge: Charge, told: dict[str, str]
    ) -> None:
        as_json = account.webhook_format == "json"
        message = Message(
            event_type,
            account.subaccounts[charge.client_subacc].webhook_url,
            query={
                "clientAccnum": charge.client_accnum,
                "clientSubacc": charge.client_subacc,
                "eventType": event_type,
                "eventGroupType": "Subscription",
            },
            content_type="application/json" if as_json else "application/x-www-form-urlencoded",
            body=json.dumps(told) if as_json else urlencode(told),
        )
        self._courier.hand_over(processor="ccbill", order=charge.order, message=message)


CANCELLATION = frozenset({"clientAccnum", "clientSubacc", "reason", "subscriptionId", "timestamp"})


def account_of(config: Config, client_accnum: str) -> CcbillAccount:
    """Return the account of a charge.

    :raises StopIteration: when the configuration no longer has it.
    """
    return next(item for item in config.ccbill if item.client_accnum == client_accnum)


def left_of(charge: Charge) -> Decimal:
    """Return what of a charge has not been given back."""
    return Decimal(charge.price) - Decimal(charge.refunded)
