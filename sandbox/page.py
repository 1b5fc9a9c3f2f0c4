"""The payment page's HTML: templates filled with escaped text, no JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

from sandbox.cards import CARDS, GOOD_CVV
from sandbox.orders import Order

TEMPLATES = Path(__file__).parent / "templates"


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
    return _fill("base.html", title=f"Pay {order.price_text}", html_body=body)


def refused(reason: str) -> str:
    """Return the error page of a link that cannot be shown."""
    return _fill("base.html", title="Error", html_body=_fill("refused.html", reason=reason))


def index(html_rows: str) -> str:
    """Return the start page."""
    return _fill("base.html", title="Sandbox", html_body=_fill("index.html", html_rows=html_rows))


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
