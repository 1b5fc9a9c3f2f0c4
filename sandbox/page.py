"""The payment page's HTML: templates filled with escaped text, no JavaScript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

from sandbox.cards import CARDS, GOOD_CVV, Card
from sandbox.orders import Order

TEMPLATES = Path(__file__).parent / "templates"
#: Names of what a person types or presses on a peer's page.
TYPED = frozenset({"number", "expiry", "cvv", "name", "email", "press"})


def form(
    order: Order, action: str, typed: Mapping[str, str], *, year: int, problem: str = ""
) -> str:
    """Return the form, with what was typed (but never the CVV) and what was wrong."""
    notice = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    body = _fill(
        "form.html",
        price=order.price_text,
        descriptor=order.subaccount.descriptor,
        days=str(order.period),
        action=action,
        number=typed.get("number", ""),
        name=typed.get("name", "Test Person"),
        email=typed.get("email", ""),
        expiry=typed.get("expiry", f"12 / {(year + 3) % 100:02}"),
        cvv_hint=GOOD_CVV,
        html_notice=notice,
        html_cards="".join(_card_row(action, card.number, card.says) for card in CARDS),
    )
    return _fill("base.html", title=f"Pay {order.price_text}", gateway="CCBill", html_body=body)


def pay(
    *,
    gateway: str,
    price: str,
    descriptor: str,
    action: str,
    hidden: Mapping[str, str],
    cards: Sequence[Card],
    buttons: Sequence[tuple[str, str]],
    problem: str = "",
) -> str:
    """Return a peer's page: fields for a card, or only buttons."""
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    shown = [*(buttons or [("card", f"Pay {price}"), ("decline", "Do not pay")])]
    rows = "".join(
        f"<tr><td>{card.number}</td><td>{escape(card.says)}</td></tr>" for card in cards
    )
    number = cards[0].number if cards else ""
    body = _fill(
        "pay.html",
        gateway=gateway,
        price=price,
        html_statement=_fill("statement.html", descriptor=descriptor) if descriptor else "",
        action=action,
        html_notice=f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "",
        html_hidden=kept,
        html_fields=_fill("card_fields.html", number=number) if cards else "",
        html_buttons="".join(_button(*each) for each in shown),
        html_cards=_fill("card_table.html", html_rows=rows) if cards else "",
    )
    return _fill("base.html", title=f"Pay {price}", gateway=gateway, html_body=body)


def done(status: str) -> str:
    """Return the page of a payment whose merchant named no address to return to."""
    return _fill(
        "base.html", title="Done", gateway="", html_body=_fill("done.html", status=status)
    )


def _button(press: str, says: str) -> str:
    quiet = "" if press in {"card", "pay"} else ' class="quiet" formnovalidate'
    return f'<button type="submit" name="press" value="{press}"{quiet}>{escape(says)}</button>'


def refused(reason: str) -> str:
    """Return the error page of a link that cannot be shown."""
    body = _fill("refused.html", reason=reason)
    return _fill("base.html", title="Error", gateway="", html_body=body)


def index(html_rows: str) -> str:
    """Return the start page."""
    body = _fill("index.html", html_rows=html_rows)
    return _fill("base.html", title="Start", gateway="", html_body=body)


def _card_row(action: str, number: str, says: str) -> str:
    spaced = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    link = escape(f"{action}&sandboxCard={number}")
    return (
        f'<tr><td><a href="{link}" aria-label="Use card {spaced}">{spaced}</a></td>'
        f"<td>{escape(says)}</td></tr>"
    )


def _fill(template: str, **values: str) -> str:
    """Fill a template; only values named ``html_…`` are markup already."""
    safe = {k: v if k.startswith("html_") else escape(v) for k, v in values.items()}
    return Template((TEMPLATES / template).read_text()).substitute(safe)
