"""CCBill FlexForms: a hosted payment page a person can click through."""

from __future__ import annotations

import json
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import cards, events, orders, page
from sandbox.cards import Outcome
from sandbox.failing import fail, is_cut
from sandbox.orders import Order
from sandbox.state import Charge, Scenario, State

#: Attempts on one form before the buyer is sent away (support mail quoted in public code).
ATTEMPTS = 3
SEE_OTHER = 303


def routes() -> list[Route]:
    """Return the form's addresses."""
    path = "/ccbill/wap-frontflex/flexforms/{flex_id}"
    return [
        Route(path, show_form, methods=["GET"]),
        Route(path, take_card, methods=["POST"]),
    ]


async def show_form(request: Request) -> Response:
    """Show the price and ask for a card."""
    state: State = request.app.state.memory
    try:
        order = _order(request)
    except orders.Refused as problem:
        return HTMLResponse(page.refused(str(problem)), status_code=400)
    state.notes[f"ccbill:seen:{order.token}"] = json.dumps(
        [request.path_params["flex_id"], dict(request.query_params)]
    )
    typed = {"number": request.query_params.get("sandboxCard", "")}
    return HTMLResponse(page.form(order, _action(request), typed, year=state.now().year))


async def take_card(request: Request) -> Response:
    """Charge the card, tell the merchant by webhook, send the buyer back."""
    state: State = request.app.state.memory
    try:
        order = _order(request)
    except orders.Refused as problem:
        return HTMLResponse(page.refused(str(problem)), status_code=400)
    typed = {name: str(value) for name, value in (await request.form()).items()}
    scenario = state.take_scenario("ccbill", order.token, of="fail")
    if scenario and is_cut(scenario, "before"):
        return await fail(scenario, state)
    outcome = cards.outcome_of(typed.get("number", ""), typed.get("cvv", ""))
    if outcome is None or not typed.get("name", "").strip() or not typed.get("expiry"):
        html = page.form(
            order,
            _action(request),
            typed,
            year=state.now().year,
            problem="Please fill in every field and use one of the test cards below.",
        )
        return HTMLResponse(html, status_code=422)
    answer = _charge(request, order, typed, outcome)
    state.save()
    if outcome is Outcome.TIMEOUT and not scenario:
        scenario = Scenario("ccbill", fail="hang_after")
    return await fail(scenario, state) if scenario and is_cut(scenario, "after") else answer


def _charge(request: Request, order: Order, typed: dict[str, str], outcome: Outcome) -> Response:
    state: State = request.app.state.memory
    herald = events.Herald(state, request.app.state.courier)
    approved = outcome in {Outcome.APPROVE, Outcome.TIMEOUT}
    charge = record(state, order, typed, approved=approved)
    if approved:
        state.attempts.pop(order.form_digest + order.token, None)
        herald.new_sale_success(order, charge)
        return _send_back(order, order.subaccount.approval_url, charge, approved=True)
    herald.new_sale_failure(order, charge, code="BE-140", reason="Transaction declined by bank")
    attempt = order.form_digest + order.token
    state.attempts[attempt] = state.attempts.get(attempt, 0) + 1
    if outcome is Outcome.DECLINE or state.attempts[attempt] >= ATTEMPTS:
        del state.attempts[attempt]
        return _send_back(order, order.subaccount.denial_url, charge, approved=False)
    left = ATTEMPTS - state.attempts[attempt]
    html = page.form(
        order,
        _action(request),
        typed,
        year=state.now().year,
        problem=f"The card was declined. {left} more {'try' if left == 1 else 'tries'}.",
    )
    return HTMLResponse(html)


def record(state: State, order: Order, typed: dict[str, str], *, approved: bool) -> Charge:
    """Keep a sale, made or refused."""
    number = typed["number"].replace(" ", "").replace("-", "")
    first, _, last = typed["name"].strip().partition(" ")
    buyer = {"firstName": first, "lastName": last, "email": typed.get("email", "")}
    buyer |= {"bin": number[:6], "last4": number[-4:], "expDate": _expiry(typed["expiry"])}
    transaction_id, at = events.identifier(state), state.now()
    charge = Charge(
        transaction_id=transaction_id,
        client_accnum=order.account.client_accnum,
        client_subacc=order.client_subacc,
        order=order.token,
        price=order.price,
        currency_code=order.currency_code,
        period=order.period,
        status="approved" if approved else "denied",
        at=at.isoformat(),
        fields=events.sale_fields(order, buyer, transaction_id=transaction_id, at=at),
    )
    state.charges.append(charge)
    return charge


def _expiry(text: str) -> str:
    digits = "".join(sign for sign in text if sign.isdigit())
    return digits[:2] + digits[-2:]


def _send_back(order: Order, url: str, charge: Charge, *, approved: bool) -> Response:
    given = {
        "subscription_id" if approved else "denialId": charge.transaction_id,
        "responseDigest": orders.return_digest(
            charge.transaction_id, approved=approved, salt=order.account.salt
        ),
        **order.passed_through,
    }
    joint = "&" if urlsplit(url).query else "?"
    return RedirectResponse(f"{url}{joint}{urlencode(given)}", status_code=SEE_OTHER)


def _order(request: Request) -> Order:
    state: State = request.app.state.memory
    return orders.read_order(
        state.config, request.path_params["flex_id"], dict(request.query_params)
    )


def _action(request: Request) -> str:
    """Return the form's own address without the page's own parameters."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in orders.OWN]
    return f"{request.url.path}?{urlencode(kept)}"
