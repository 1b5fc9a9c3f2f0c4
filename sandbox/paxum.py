"""Paxum payment API v1: form POST in, XML out (us.paxum.com/developers/api-documentation).

Marks in comments: [D] documented by Paxum, [C] seen in public clients, [M] our choice where
nothing is published; docs/sandbox.md lists the latter.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.config import PaxumAccount
from sandbox.failing import fail, is_cut
from sandbox.state import Scenario, State, Transfer

#: IPN dates are Eastern Standard Time [D]; history is taken to be the same [M].
EASTERN = timezone(timedelta(hours=-5))
MAX_PAGE = 100
CURRENCIES = ("USD", "EUR", "CAD", "GBP")

#: Parameters behind the shared secret in the key, in documented order [D].
SIGNED = {
    "transferFunds": (
        *("toEmail", "amount", "currency", "note", "firstName", "lastName", "businessName"),
        *("reference", "subscriptionFrequency", "subscriptionEndDate", "subscriptionUserCancel"),
        *("subscriptionTransactions", "fromAccount", "transactionCategory"),
    ),
    "transactionHistory": ("accountId", "fromDate", "toDate", "pageSize", "pageNumber"),
    "balanceInquiry": ("accountId",),
    "currencyInquiry": (),
}

DESCRIPTIONS = {
    "00": "Approved or Completed Successfully",
    "03": "Invalid merchant",
    "13": "System error",
    "30": "Format error",
    "51": "Insufficient funds",
    "90": "Unauthorised",
    "99": "Not implemented",
    "IA": "Invalid account",
    "IK": "Invalid currency",
    "IP": "Invalid payee",
    "NM": "Name does not match",
}

#: What happens by the local part of the payee's address, so that a demo needs no control API.
PAYEES = {
    "unknown": Scenario("paxum", fail="code_before", code="IP"),
    "insufficient": Scenario("paxum", fail="code_before", code="51"),
    "error": Scenario("paxum", fail="code_before", code="13"),
    "error-paid": Scenario("paxum", fail="code_after", code="13"),
    "timeout": Scenario("paxum", fail="hang_before"),
    "timeout-paid": Scenario("paxum", fail="hang_after"),
}

Form = Mapping[str, str]


def key_of(secret: str, method: str, form: Form) -> str:
    """Return MD5(secret + values in documented order); absent values add nothing [D]."""
    signed = secret + "".join(form.get(name, "") for name in SIGNED[method])
    return hashlib.md5(signed.encode(), usedforsecurity=False).hexdigest()


def routes() -> list[Route]:
    """Return the one address of the API."""
    return [Route("/paxum/payment/api/paymentAPI.php", api, methods=["POST"])]


async def api(request: Request) -> Response:
    """Answer one call; failures on the wire come from the scenario or the payee's address."""
    state: State = request.app.state.memory
    form = {name: str(value) for name, value in (await request.form()).items()}
    method = form.get("method", "")
    scenario = _scenario(state, method, form)
    if scenario and is_cut(scenario, "before"):
        return await fail(scenario, state)
    if scenario and scenario.fail == "code_before":
        return _answer(method, scenario.code)
    if "return" in form and form.get("sandbox") == "ON":  # simulated answer [D]
        return _answer(method, form["return"])
    answer = _call(state, method, form)
    state.save()
    if scenario and is_cut(scenario, "after"):
        return await fail(scenario, state)
    if scenario and scenario.fail == "code_after":
        return _answer(method, scenario.code)
    return answer


def _scenario(state: State, method: str, form: Form) -> Scenario | None:
    payee, reference = form.get("toEmail", ""), form.get("reference", "")
    keys = [key for key in (payee, reference, method) if key]
    found = state.take_scenario("paxum", *keys, of="fail")
    local = payee.partition("@")[0].partition("+")[0]
    return found or (PAYEES.get(local) if method == "transferFunds" else None)


def _call(state: State, method: str, form: Form) -> Response:
    if method not in SIGNED:
        return _answer(method, "99")
    email = form.get("fromEmail", "")
    account = next((item for item in state.config.paxum if item.email == email), None)
    if account is None:
        return _answer(method, "03")
    if not hmac.compare_digest(
        key_of(account.shared_secret, method, form), form.get("key", "").lower()
    ):
        return _answer(method, "90")
    return METHODS[method](state, account, form)


def _transfer_funds(state: State, account: PaxumAccount, form: Form) -> Response:
    """Pay at once. A reference used before pays again: Paxum has no idempotency."""
    method = "transferFunds"
    refusal = _refusal(account, form)
    if refusal:
        return _answer(method, refusal)
    amount, fee = Decimal(form["amount"]), Decimal(account.transfer_fee)
    balances = state.balances[account.email]
    left = Decimal(balances.get(form["currency"], "0.00")) - amount - fee
    if left < 0:
        return _answer(method, "51")
    balances[form["currency"]] = f"{left:.2f}"
    transfer = Transfer(
        transaction_id=str(23_646_000 + state.next_serial()),
        account_id=account.account_id,
        from_email=account.email,
        to_email=form["toEmail"],
        amount=f"{amount:.2f}",
        currency=form["currency"],
        fee=f"{fee:.2f}",
        reference=form.get("reference", ""),
        note=form.get("note", ""),
        at=state.now().isoformat(),
    )
    state.transfers.append(transfer)
    return _answer(method, "00", _text("Fee", transfer.fee), _id(transfer))


def _refusal(account: PaxumAccount, form: Form) -> str:
    """Return the code of the first rule the transfer breaks, or nothing."""
    amount = _amount(form.get("amount", ""))
    named = form.get("firstName") or form.get("lastName") or form.get("businessName")
    local = form.get("toEmail", "").partition("@")[0].partition("+")[0]
    from_account = form.get("fromAccount", account.account_id)
    rules = {
        "30": amount is None or "@" not in form.get("toEmail", ""),
        "IK": form.get("currency") not in CURRENCIES,
        "IA": from_account != account.account_id,
        "NM": bool(named) and local == "mismatch",
    }
    return next((code for code, broken in rules.items() if broken), "")


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 and amount == round(amount, 2) else None


def _transaction_history(state: State, account: PaxumAccount, form: Form) -> Response:
    """List transfers of the account, newest first. The shape of the answer is [M]."""
    method = "transactionHistory"
    if form.get("accountId") != account.account_id:
        return _answer(method, "IA")
    try:
        first = datetime.strptime(form["fromDate"], "%Y-%m-%d").replace(tzinfo=EASTERN)
        last = datetime.strptime(form["toDate"], "%Y-%m-%d").replace(tzinfo=EASTERN)
        size, page = int(form.get("pageSize", "50")), int(form.get("pageNumber", "1"))
    except (KeyError, ValueError):
        return _answer(method, "30")
    if not 1 <= size <= MAX_PAGE or page < 1:
        return _answer(method, "30")
    found = [
        item
        for item in reversed(state.transfers)
        if item.account_id == account.account_id
        and first <= datetime.fromisoformat(item.at) < last + timedelta(days=1)
    ]
    listed = ET.Element("Transactions")
    listed.extend(_row(item) for item in found[(page - 1) * size : page * size])
    return _answer(
        method,
        "00",
        _text("AccountId", account.account_id),
        _text("TotalTransactions", str(len(found))),
        _text("PageNumber", str(page)),
        _text("PageSize", str(size)),
        listed,
    )


def _row(transfer: Transfer) -> ET.Element:
    row = ET.Element("Transaction")
    row.append(_id(transfer))
    at = datetime.fromisoformat(transfer.at).astimezone(EASTERN)
    values = {
        "Date": f"{at:%Y-%m-%d %H:%M:%S}",
        "Type": "transferFunds",
        "Status": "Completed",
        "FromEmail": transfer.from_email,
        "ToEmail": transfer.to_email,
        "Amount": transfer.amount,
        "Currency": transfer.currency,
        "Fee": transfer.fee,
        "Reference": transfer.reference,
        "Note": transfer.note,
    }
    row.extend(_text(name, value) for name, value in values.items())
    return row


def _balance_inquiry(state: State, account: PaxumAccount, form: Form) -> Response:
    if form.get("accountId") != account.account_id:
        return _answer("balanceInquiry", "IA")
    accounts = ET.Element("Accounts")
    for currency, balance in sorted(state.balances[account.email].items()):
        row = ET.SubElement(accounts, "Account")
        row.append(_text("AccountId", account.account_id))
        row.extend([_text("Currency", currency), _text("Balance", balance)])
    return _answer("balanceInquiry", "00", accounts)


def _currency_inquiry(state: State, account: PaxumAccount, form: Form) -> Response:
    currencies = ET.Element("Currencies")
    currencies.extend(_text("Currency", code) for code in CURRENCIES)
    return _answer("currencyInquiry", "00", currencies)


METHODS: dict[str, Callable[[State, PaxumAccount, Form], Response]] = {
    "transferFunds": _transfer_funds,
    "transactionHistory": _transaction_history,
    "balanceInquiry": _balance_inquiry,
    "currencyInquiry": _currency_inquiry,
}


def _id(transfer: Transfer) -> ET.Element:
    return _text("TransactionId", transfer.transaction_id)


def _text(name: str, value: str) -> ET.Element:
    element = ET.Element(name)
    element.text = value
    return element


def _answer(method: str, code: str, *more: ET.Element) -> Response:
    """Return the documented envelope [D]; clients have met white space before it [C]."""
    root = ET.Element("Response")
    root.append(_text("Environment", "SANDBOX"))
    root.append(_text("Method", method))
    root.append(_text("ResponseCode", code))
    root.append(_text("ResponseDescription", DESCRIPTIONS.get(code, "Declined")))
    root.extend(more)
    head = b'\n<?xml version="1.0" encoding="UTF-8"?>\n'
    return Response(head + ET.tostring(root), media_type="text/xml")
