"""NetBilling's servers: Direct Mode 3.2, member updates, the transaction report, commands to us.

Sources: NETbilling's WooCommerce plugin, ActiveMerchant, Interchange's notes on getid and
poll: a number is reserved first, and the same number charges once, whatever happens.
"""

from __future__ import annotations

import csv
import hmac
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from apps.core.http import Client, OutcomeUnknown, Response
from apps.core.money import Money
from apps.finance.payments.adapters.answers import NotTaken
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Charge,
    LookedUp,
    Means,
    NotAuthentic,
    Notice,
    NotOffered,
    Outcome,
    Sale,
    Sold,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.exchange import (
    OK,
    GatewayTrouble,
    first,
    kept,
    price_text,
    usable,
)
from apps.finance.payments.adapters.strict import MOST_FIELDS, money, read_form

#: NetBilling wants to know by what it is called: Name/Version:date.
_HEADERS = {"User-Agent": "FANZ/1.0:2026-Jan-01"}
_KEPT = ("status_code", "trans_id", "auth_code", "auth_msg", "reason_code2")
_OUTCOMES = {"1": Outcome.DONE, "T": Outcome.DONE, "I": Outcome.PENDING, "0": Outcome.DECLINED,
             "D": Outcome.DECLINED, "F": Outcome.DECLINED}  # fmt: skip
_SALES = {"1": Sale.PAID, "T": Sale.PENDING, "I": Sale.PENDING, "0": Sale.DECLINED,
          "D": Sale.DECLINED, "F": Sale.UNDONE}  # fmt: skip
_NOT_FOUND = "-"
_client = Client(service="netbilling")


def sell(charge: Charge) -> Answered:
    """
    Charge a stored card under a number that is reserved before.

    Where no answer comes, the number is asked about, and sent again only if it is not known
    there: it charges once.

    :raises NotSent: nothing was charged
    :raises Unavailable: whether it was charged is not known
    """
    order = charge.order
    reserved = _form(_post(order.account, "/gw/native/getid1.0", {}, retry=True))
    number = reserved.get("trans_id", "")
    if not number:
        raise NotTaken(service="netbilling")
    fields = {
        "trans_id": number,
        "tran_type": "S",
        "pay_type": "C",
        "amount": price_text(order.amount),
        "card_number": charge.token,
        "disable_cvv2": "1",
        "description": order.description or "Purchase",
        "user_data": order.token,
        "cust_ip": order.buyer.ip,
        "cust_email": order.buyer.email,
    }
    try:
        answer = _form(_post(order.account, "/gw/sas/direct3.2", fields))
    except NotTaken:
        raise
    except (OutcomeUnknown, GatewayTrouble):
        answer = _asked_again(order.account, number, fields)
    return _answered(answer, {"trans_id": number, "amount": fields["amount"]}, sale=True)


def refund(sold: Sold, amount: Money) -> Answered:
    """Send an amount back, by the number of the sale."""
    fields = {
        "tran_type": "R",
        "pay_type": "C",
        "orig_id": sold.reference,
        "amount": price_text(amount),
    }
    return _answered(_form(_post(sold.account, "/gw/sas/direct3.2", fields)), fields, sale=False)


def cancel(sold: Sold) -> Answered:
    """End a membership's renewals. The names of what is set are unverified, so they can be set."""
    config = sold.account.config
    if not config.get("report_url") or not config.get("control_keyword"):
        raise NotOffered
    name, _, value = (config.get("cancel_field") or "C_RECURRING_STATUS=CANCELLED").partition("=")
    answer = _client.request(
        "POST",
        config["report_url"].rstrip("/") + "/gw/native/mupdate1.1",
        data={
            "C_ACCOUNT": f"{sold.account.number}:{sold.account.subaccount}",
            "C_CONTROL_KEYWORD": config["control_keyword"],
            "C_COMMAND": "SET",
            "C_MEMBER_ID": sold.gateway_transaction or sold.reference,
            name: value,
        },
        headers=_HEADERS,
    )
    fields = _form(usable(answer))
    done = fields.get("C_STATUS", "").upper() == "OK"
    reason = first(fields, "C_MESSAGE", "C_STATUS")[:200]
    ended = "already" in reason.lower()
    return Answered(
        Outcome.DONE if done or ended else Outcome.DECLINED,
        reference=sold.reference,
        code="" if done or ended else "refused",
        reason="" if done else reason,
        sent={"C_COMMAND": "SET", name: value},
        received=kept(fields, ("C_STATUS", "C_MESSAGE")),
    )


def look_up(sold: Sold) -> LookedUp:
    """Ask by the number of the sale, or look our order up in the report of its day."""
    row = _reported(sold)
    if row is not None:
        return row
    if not sold.reference:
        raise GatewayTrouble(what="without a report NetBilling finds a sale only by its number")
    asked = {"trans_id": sold.reference}
    fields = _form(_post(sold.account, "/gw/native/poll1.0", asked, retry=True))
    status = fields.get("status_code", "")
    if status == _NOT_FOUND:
        return LookedUp(Sale.NOT_FOUND)
    if status not in _SALES:
        raise GatewayTrouble(status=status[:20])
    return LookedUp(
        _SALES[status],
        token=fields.get("user_data", ""),
        reference=sold.reference,
        amount=_money(fields.get("amount", "")),
        facts=kept(fields, _KEPT),
    )


def read_command(body: bytes, account: Account) -> Notice:
    """
    Read a member command (``cmd=append_users``), which may name several users ``u``.

    Members have no passwords of NetBilling's here, so there is nothing to do.

    :raises NotAuthentic: the keyword is not ours
    :raises Unreadable: it is no form
    """
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise Unreadable("the body is not a form") from error
    commands = [value for name, value in pairs if name == "cmd"]
    keywords = [value for name, value in pairs if name == "keyword"]
    expected = account.config.get("control_keyword", "")
    given = keywords[0] if len(keywords) == 1 else ""
    if not expected or not hmac.compare_digest(
        expected.encode(), given.encode("utf-8", "replace")
    ):
        raise NotAuthentic("the keyword is wrong")
    if len(commands) != 1 or "\0" in commands[0]:
        raise Unreadable("not one command")
    users = ",".join(value for name, value in pairs if name == "u").replace("\0", "")
    return Notice(
        event_type=f"cmd {commands[0]}"[:40],
        told=Told.NOTHING,
        dedupe_key=f"cmd:{commands[0]}:{users}"[:120],
        account=Account(account.number, account.subaccount),
    )


def clock(text: str) -> datetime | None:
    """Read ``2026-01-15 12:00:00``, which is UTC; None when there is no such time in it."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _asked_again(account: Account, number: str, fields: Mapping[str, str]) -> dict[str, str]:
    answer = _form(_post(account, "/gw/native/poll1.0", {"trans_id": number}, retry=True))
    if answer.get("status_code") != _NOT_FOUND:
        return answer
    return _form(_post(account, "/gw/sas/direct3.2", fields))


def _post(account: Account, path: str, fields: Mapping[str, str], *, retry: bool = False) -> bytes:
    answer = _client.request(
        "POST",
        account.config["direct_url"].rstrip("/") + path,
        data={"account_id": account.number, "site_tag": account.subaccount, **fields},
        headers=_HEADERS,
        retry=retry,
    )
    return _body(answer)


def _body(answer: Response) -> bytes:
    """Errors come as plain text with a status of 6xx, which is none of HTTP's."""
    if answer.status != OK:
        raise GatewayTrouble(status=answer.status)
    return answer.body


def _form(body: bytes) -> dict[str, str]:
    try:
        return read_form(body.strip())
    except Unreadable as error:
        raise GatewayTrouble(what="not a form") from error


def _answered(fields: Mapping[str, str], sent: Mapping[str, str], *, sale: bool) -> Answered:
    status, number = fields.get("status_code", ""), fields.get("trans_id", "")[:40]
    outcome = _OUTCOMES.get(status)
    if outcome is None or (outcome is not Outcome.DECLINED and not number):
        raise GatewayTrouble(status=status[:20])
    good = outcome is not Outcome.DECLINED
    return Answered(
        outcome,
        reference=number,
        gateway_transaction=number,
        code="" if good else first(fields, "reason_code2", "status_code")[:40],
        reason=fields.get("auth_msg", "")[:200],
        means=Means(f"CS:{number}") if sale and outcome is Outcome.DONE else None,
        sent=sent,
        received=kept(fields, _KEPT),
    )


def _reported(sold: Sold) -> LookedUp | None:
    """Read the report; it alone tells of refunds and chargebacks. None where nobody may ask it,
    or where a sale that is named is of another time."""
    config, near = sold.account.config, sold.sold_at or datetime.now(UTC)
    if not config.get("report_url") or not config.get("retrieval_keyword"):
        return None
    answer = _client.request(
        "POST",
        config["report_url"].rstrip("/") + "/gw/reports/transaction1.5",
        data={
            "account_id": sold.account.number,
            "site_tag": sold.account.subaccount,
            "authorization": config["retrieval_keyword"],
            "transactions_after": f"{near - timedelta(days=1):%Y-%m-%d %H:%M:%S}",
        },
        headers=_HEADERS,
        retry=True,
    )
    rows = _rows(_body(answer))
    sales = [row for row in rows if row.get("TRANS_TYPE") == "S" and _is_mine(row, sold)]
    good = [row for row in sales if row.get("TRANS_STATUS") in {"1", "I", "T"}]
    if not good:
        if sold.reference and not sales:
            return None
        return LookedUp(Sale.DECLINED if sales else Sale.NOT_FOUND)
    sale = good[0]
    undone = any(row.get("ORIG_ID") == sale.get("TRANS_ID") for row in rows)
    return LookedUp(
        Sale.UNDONE if undone else _SALES[sale["TRANS_STATUS"]],
        clock(sale.get("TRANS_DATE", "")),
        token=sale.get("USER_DATA", ""),
        reference=sale.get("TRANS_ID", "")[:40],
        amount=_money(sale.get("AMOUNT", "")),
    )


def _is_mine(row: Mapping[str, str], sold: Sold) -> bool:
    if sold.reference:
        return row.get("TRANS_ID") == sold.reference
    return row.get("USER_DATA") == sold.token


def _rows(body: bytes) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(body.decode("utf-8", "replace")), strict=True)
    try:
        return [
            {name.strip().upper(): (value or "").strip() for name, value in row.items() if name}
            for row in reader
        ]
    except csv.Error as error:
        raise GatewayTrouble(what="not a CSV") from error


def _money(text: str) -> Money | None:
    try:
        return money(text, "USD") if text else None
    except Unreadable as error:
        raise GatewayTrouble(what="price") from error
