"""CCBill DataLink, subscription management: look up, refund, void, cancel.

Actions and codes: CCBill's data-link guide and public clients (datinglibre/ccbill).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.config import CcbillAccount
from sandbox.events import ARIZONA, Herald, left_of
from sandbox.failing import fail, is_cut
from sandbox.state import Charge, State

OK, FAILED, BAD_LOGIN, BAD_ID, NOT_FOUND, NOT_YOURS = 1, 0, -1, -2, -3, -4
BAD_ARGUMENTS, BAD_ACTION, NOT_PERMITTED, OVER_REFUND = -5, -6, -9, -15

Query = Mapping[str, str]


def routes() -> list[Route]:
    """Return the one address of subscription management."""
    path = "/ccbill/datalink/utils/subscriptionManagement.cgi"
    return [Route(path, manage, methods=["GET", "POST"])]


async def manage(request: Request) -> Response:
    """Answer one call: XML with returnXML=1, else CSV."""
    state: State = request.app.state.memory
    query = dict(request.query_params) | {
        name: str(value) for name, value in (await request.form()).items()
    }
    action = query.get("action", "")
    scenario = state.take_scenario("datalink", query.get("subscriptionId", ""), action, of="fail")
    if scenario and is_cut(scenario, "before"):
        return await fail(scenario, state)
    if scenario and scenario.fail == "code_before":
        return _answer(query, {"": scenario.code})
    found = find(state, query)
    if isinstance(found, int):
        return _answer(query, {"": str(found)})
    if action == "viewSubscriptionStatus":
        result = _status(state, found)
    elif action in CHANGES:
        herald = Herald(state, request.app.state.courier)
        result = {"": str(CHANGES[action](state, herald, found, query))}
        state.save()
    else:
        result = {"": str(BAD_ACTION)}
    if scenario and is_cut(scenario, "after"):
        return await fail(scenario, state)
    return _answer(query, result)


def find(state: State, query: Query) -> Charge | int:
    """Return the approved charge meant, or the code of what is wrong with the call."""
    account = next(
        (item for item in state.config.ccbill if _may_log_in(item, query)),
        None,
    )
    if account is None:
        return BAD_LOGIN
    wanted = query.get("subscriptionId", "")
    if not (wanted.isascii() and wanted.isdigit()):
        return BAD_ID
    charge = next(
        (c for c in state.charges if c.transaction_id == wanted and c.status == "approved"), None
    )
    if charge is None:
        return NOT_FOUND
    subaccount = query.get("clientSubacc") or query.get("usingSubacc")
    ours = charge.client_accnum == account.client_accnum
    return charge if ours and subaccount in {None, charge.client_subacc} else NOT_YOURS


def _may_log_in(account: CcbillAccount, query: Query) -> bool:
    return (query.get("clientAccnum"), query.get("username"), query.get("password")) == (
        account.client_accnum,
        account.datalink_username,
        account.datalink_password,
    )


def _status(state: State, charge: Charge) -> dict[str, str]:
    """Return the documented fields; 2 active, 1 cancelled but running, 0 over."""
    signed_up = datetime.fromisoformat(charge.at).astimezone(ARIZONA)
    renews = charge.fields.get("recurringPeriod", "0") != "0"
    days = int(charge.fields.get("recurringPeriod", "0"))
    ends = signed_up + timedelta(days=charge.period + days * charge.rebilled)
    status = "1" if charge.cancelled_at else "2"
    if charge.voids or charge.chargebacks or state.now() >= ends:
        status = "0"
    return {
        "cancelDate": charge.cancelled_at,
        "chargebacksIssued": str(charge.chargebacks),
        "expirationDate": f"{ends:%Y%m%d%H%M%S}",
        "nextBillingDate": f"{ends:%Y%m%d}" if renews and status == "2" else "",
        "recurringSubscription": "1" if renews else "0",
        "refundsIssued": str(charge.refunds),
        "signupDate": f"{signed_up:%Y%m%d%H%M%S}",
        "subscriptionStatus": status,
        "timesRebilled": str(charge.rebilled),
        "voidsIssued": str(charge.voids),
    }


def _refund(state: State, herald: Herald, charge: Charge, query: Query) -> int:
    """Give back ``amount``, or what is left: not idempotent, as in life."""
    if charge.voids:
        return NOT_PERMITTED
    try:
        amount = Decimal(query.get("amount") or left_of(charge))
    except InvalidOperation:
        return BAD_ARGUMENTS
    if not amount.is_finite() or amount <= 0:
        return BAD_ARGUMENTS
    if amount > left_of(charge):
        return OVER_REFUND
    charge.refunded = str(Decimal(charge.refunded) + amount)
    charge.refunds += 1
    herald.about_charge("Refund", charge, amount=str(amount), reason="Merchant refund")
    return OK


def _void(state: State, herald: Herald, charge: Charge, query: Query) -> int:
    if charge.voids or charge.refunds:
        return NOT_PERMITTED
    charge.voids, charge.refunded = 1, charge.price
    herald.about_charge("Void", charge, amount=charge.price, reason="Merchant void")
    return OK


def _cancel(state: State, herald: Herald, charge: Charge, query: Query) -> int:
    if charge.cancelled_at:
        return FAILED
    charge.cancelled_at = f"{state.now().astimezone(ARIZONA):%Y%m%d%H%M%S}"
    herald.about_charge("Cancellation", charge, amount="0.00", reason="Merchant request")
    return OK


CHANGES: dict[str, Callable[[State, Herald, Charge, Query], int]] = {
    "refundTransaction": _refund,
    "voidTransaction": _void,
    "cancelSubscription": _cancel,
}


def _answer(query: Query, result: dict[str, str]) -> Response:
    """Write a code (under the empty name) or fields, as XML or CSV. All values are digits."""
    if query.get("returnXML") == "1":
        inner = "".join(f"<{k}>{v}</{k}>" if k else v for k, v in result.items())
        head = "<?xml version='1.0' standalone='yes'?>\n"
        return Response(f"{head}<results>{inner}</results>\n", media_type="text/xml")
    names = ",".join(f'"{name or "results"}"' for name in result)
    values = ",".join(f'"{value}"' for value in result.values())
    return PlainTextResponse(f"{names}\n{values}\n")
