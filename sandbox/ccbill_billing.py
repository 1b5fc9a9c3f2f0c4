"""CCBill's one-click charge (``chargeByPreviousTransactionId``), and what else can happen there.

Facts: ccbill.com/doc ccbill-api-charge-by-previous-transaction-id, upsalesuccess.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox import cards, ccbill, datalink, events, orders
from sandbox.cards import Outcome
from sandbox.config import CcbillAccount
from sandbox.delivery import Courier
from sandbox.events import Herald
from sandbox.failing import fail, is_cut
from sandbox.orders import Order
from sandbox.state import Charge, State

REQUIRED = ("initialPrice", "initialPeriod", "currencyCode", "subscriptionId")
#: Parameters of the call itself; all others come back as X-<name>.
OWN = frozenset(
    (
        *("clientAccnum", "clientSubacc", "username", "password", "action", "returnXML"),
        *("initialPrice", "initialPeriod", "recurringPrice", "recurringPeriod", "rebills"),
        *("subscriptionId", "currencyCode", "newClientAccnum", "newClientSubacc"),
        "sharedAuthentication",
    )
)
NOT_FOUND, CONFLICT = 404, 409
#: A card of this holder is approved once and declined when it is charged again.
LATER = "LATER DECLINED"


def routes() -> list[Route]:
    """Return the billing API's address and the control API's for CCBill."""
    return [
        Route("/ccbill/jpost/billingApi.cgi", charge_again, methods=["GET", "POST"]),
        Route("/_control/peers/ccbill", sales),
        Route("/_control/peers/ccbill/{act}", act, methods=["POST"]),
    ]


async def charge_again(request: Request) -> Response:
    """Charge the card of an earlier sale. A repeated call charges again: there is no key."""
    state: State = request.app.state.memory
    query = dict(request.query_params) | {
        name: str(value) for name, value in (await request.form()).items()
    }
    words = {query.get("X-order", ""), query.get("subscriptionId", ""), query.get("action", "")}
    scenario = state.take_scenario("ccbill", *words, of="fail")
    if scenario and is_cut(scenario, "before"):
        return await fail(scenario, state)
    answer = _charge(state, Herald(state, request.app.state.courier), query)
    state.save()
    if scenario and is_cut(scenario, "after"):
        return await fail(scenario, state)
    return answer


def _charge(state: State, herald: Herald, query: Mapping[str, str]) -> Response:
    if query.get("action") != "chargeByPreviousTransactionId":
        return _bare(datalink.BAD_ACTION)
    found = datalink.find(state, query)
    if isinstance(found, int):
        return _bare(found)
    account = events.account_of(state.config, found.client_accnum)
    try:
        order = _order(account, found, query)
    except orders.Refused:
        return _bare(datalink.BAD_ARGUMENTS)
    buyer = {"name": found.fields["firstName"], "number": found.fields["bin"] + "0" * 6}
    typed = {**buyer, "expiry": found.fields["expDate"], "email": found.fields["email"]}
    declined = f"{found.fields['firstName']} {found.fields['lastName']}".upper().startswith(LATER)
    charge = ccbill.record(state, order, typed, approved=not declined)
    for name in ("firstName", "lastName", "bin", "last4", "expDate"):
        charge.fields[name] = found.fields[name]
    herald.up_sale(charge, found, declined="Transaction declined by bank" if declined else "")
    return _results(
        {
            "approved": "0" if declined else "1",
            "subscriptionId": "" if declined else charge.transaction_id,
            "denialId": charge.transaction_id if declined else "",
            "declineCode": "BE-140" if declined else "",
            "declineText": "Transaction declined by bank" if declined else "",
        }
    )


def _order(account: CcbillAccount, found: Charge, query: Mapping[str, str]) -> Order:
    """
    Hold a charge against the rules of a form.

    :raises orders.Refused: a field is missing or not right
    """
    if any(not query.get(name) for name in REQUIRED):
        raise orders.Refused("fields")
    code = query["currencyCode"]
    orders.check_price(account, {name: query[name] for name in REQUIRED})
    subaccount = query.get("newClientSubacc") or found.client_subacc
    if subaccount not in account.subaccounts:
        raise orders.Refused("subaccount")
    price, period = query["initialPrice"], query["initialPeriod"]
    return Order(
        flex_id="",
        account=account,
        client_subacc=subaccount,
        subaccount=account.subaccounts[subaccount],
        price=price,
        period=int(period),
        currency_code=code,
        form_digest=orders.form_digest(price, period, code, account.salt),
        passed_through={
            name if name.startswith("X-") else f"X-{name}": value
            for name, value in query.items()
            if name not in OWN
        },
    )


def _bare(code: int) -> Response:
    return _results(str(code))


def _results(inner: str | dict[str, str]) -> Response:
    root = ET.Element("results")
    if isinstance(inner, str):
        root.text = inner
    else:
        for name, value in inner.items():
            ET.SubElement(root, name).text = value
    return Response(ET.tostring(root), media_type="text/xml")


async def sales(request: Request) -> Response:
    """List CCBill's sales in the words of the other gateways' lists."""
    state: State = request.app.state.memory
    order = request.query_params.get("order")
    return JSONResponse([_listed(each) for each in state.charges if order in {None, each.order}])


def _listed(charge: Charge) -> dict[str, Any]:
    status = "paid" if charge.status == "approved" else "declined"
    if charge.voids:
        status = "voided"
    elif charge.chargebacks:
        status = "charged_back"
    return {
        "gateway": "ccbill",
        "reference": charge.transaction_id,
        "transaction": charge.transaction_id,
        "order": charge.order,
        "amount": charge.price,
        "currency": orders.CURRENCIES[charge.currency_code][0],
        "status": status,
        "refunded": charge.refunded,
        "cancelled_at": charge.cancelled_at,
    }


async def act(request: Request) -> Response:
    """Let something happen to a sale: see ``ACTS``."""
    state: State = request.app.state.memory
    given: dict[str, Any] = json.loads(await request.body() or b"{}")
    texts = {name: str(value) for name, value in given.items() if value is not None}
    name = request.path_params["act"]
    if name in {"pay", "decline"}:
        return _paid(state, request.app.state.courier, texts, approved=name == "pay")
    if name not in ACTS:
        return PlainTextResponse("no such act", status_code=NOT_FOUND)
    wanted = {texts.get("reference", ""), texts.get("order", "")} - {""}
    found = [
        each
        for each in state.charges
        if each.status == "approved" and wanted & {each.transaction_id, each.order}
    ]
    if not found:
        return JSONResponse({"error": "not_found"}, status_code=NOT_FOUND)
    done = ACTS[name](state, Herald(state, request.app.state.courier), found[-1], texts)
    state.save()
    if done != datalink.OK:
        return JSONResponse({"error": str(done)}, status_code=CONFLICT)
    return JSONResponse({"sale": _listed(found[-1])})


def _paid(state: State, courier: Courier, given: Mapping[str, str], *, approved: bool) -> Response:
    """Pay, or be declined, on the form of this order that was opened last."""
    seen = state.notes.get(f"ccbill:seen:{given.get('order', '')}")
    if seen is None:
        return JSONResponse({"error": "not_found"}, status_code=NOT_FOUND)
    flex_id, query = json.loads(seen)
    order = orders.read_order(state.config, flex_id, query)
    number = next(
        card.number
        for card in cards.CARDS
        if card.outcome is (Outcome.APPROVE if approved else Outcome.DECLINE)
    )
    typed = {"number": number, "name": given.get("name", "Test Person"), "expiry": "12 / 40"}
    charge = ccbill.record(state, order, typed, approved=approved)
    herald = Herald(state, courier)
    if approved:
        herald.new_sale_success(order, charge)
    else:
        reason = "Transaction declined by bank"
        herald.new_sale_failure(order, charge, code="BE-140", reason=reason)
    state.save()
    return JSONResponse({"sale": _listed(charge)})


def _renew(state: State, herald: Herald, charge: Charge, given: Mapping[str, str]) -> int:
    if charge.cancelled_at or charge.voids or charge.chargebacks:
        return datalink.NOT_PERMITTED
    declined = bool(given.get("declined"))
    price = charge.fields["subscriptionRecurringPrice"]
    amount = given.get("amount") or (price if price.strip("0.") else charge.price)
    herald.renewal(charge, amount=amount, declined=declined)
    charge.rebilled += 0 if declined else 1
    return datalink.OK


def _chargeback(state: State, herald: Herald, charge: Charge, given: Mapping[str, str]) -> int:
    if charge.chargebacks or charge.voids:
        return datalink.NOT_PERMITTED
    charge.chargebacks += 1
    reason, amount = given.get("reason") or "Fraud", given.get("amount") or charge.price
    herald.about_charge("Chargeback", charge, amount=amount, reason=reason)
    return datalink.OK


def _expire(state: State, herald: Herald, charge: Charge, given: Mapping[str, str]) -> int:
    herald.expiration(charge)
    return datalink.OK


ACTS: dict[str, Callable[[State, Herald, Charge, Mapping[str, str]], int]] = {
    "renew": _renew,
    "refund": datalink.CHANGES["refundTransaction"],
    "void": datalink.CHANGES["voidTransaction"],
    "cancel": datalink.CHANGES["cancelSubscription"],
    "chargeback": _chargeback,
    "expire": _expire,
}
