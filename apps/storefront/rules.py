"""What a brand's colours are in CSS, and what its people may still do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from apps.finance.payments.rules.declines import Decline, classify
from apps.payouts.choices import NEXT, Status

if TYPE_CHECKING:
    from apps.payouts.models import Payout


class Theme(Protocol):
    slug: str
    accent: str
    on_accent: str
    accent_on_dark: str
    accent_on_light: str


#: States that may change by themselves while the page is open.
_MOVES = frozenset({"CREATED", "PROCESSING", "AUTHORISED"})
#: Why a payment failed, where it was not the card -> what its payer does next.
_ADVICE = {
    "not_reached": "The card processor could not be reached. Try again in a few minutes.",
    "refused": "We could not take this payment. Another card or another way to pay may work; "
    "if not, write to our support.",
}
_ADVICE_BY_KIND = {
    Decline.ON_THE_WAY: "Your bank could not be reached. Try again in a few minutes.",
    Decline.SOFT: "Often it is the balance or a limit of the card. Try again later, use another "
    "card, or ask your bank.",
    Decline.HARD: "This card cannot be used for it. Use another card, or another way to pay.",
    Decline.NEEDS_PAYER: "Check the card number, the date and the security code, or use another "
    "card. Your bank can tell you more.",
}


def is_on_the_move(status: str) -> bool:
    """Say whether a payment's page should look again by itself."""
    return status in _MOVES


def advice(gateway: str, code: str) -> str:
    """Say what the payer of a declined payment can do; the reason behind it is the bank's."""
    return _ADVICE.get(code) or _ADVICE_BY_KIND[classify(gateway, code)]


class KeptCard(Protocol):
    brand: str
    last4: str
    expires: str

    def get_gateway_display(self) -> str: ...


#: Networks as they write themselves; gateways tell them in small letters.
_NETWORKS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "jcb": "JCB",
    "mc": "Mastercard",
    "unionpay": "UnionPay",
}


def card_name(card: KeptCard) -> str:
    """Say which card it is: ``Visa ending 4242``; by who keeps it where no more is known."""
    brand = _NETWORKS.get(card.brand, card.brand.capitalize()) or "Card"
    return (
        f"{brand} ending {card.last4}" if card.last4 else f"Card at {card.get_gateway_display()}"
    )


def expiry_of(card: KeptCard) -> str:
    """Say until when it is good, as it stands on the card: ``until 08/27``."""
    year, _, month = card.expires.partition("-")
    return f"until {month}/{year[2:]}" if month else ""


def theme_version(theme: Theme) -> str:
    """Return a short text that changes when a colour changes."""
    return hashlib.sha256(_properties(theme).encode()).hexdigest()[:10]


def stylesheet(theme: Theme, others: Iterable[Theme]) -> str:
    """Return the custom properties of ``theme``, and of ``others`` for links to them."""
    lines = [f":root {{ {_properties(theme)} }}"]
    lines += [f".brand-{other.slug} {{ {_properties(other)} }}" for other in others]
    return "\n".join(lines) + "\n"


def icon(theme: Theme) -> str:
    """Return the brand's mark, a drop in its colour, as SVG."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<path fill="{theme.accent}" d="M16 2a14 14 0 1 1 0 28H2V16A14 14 0 0 1 16 2Z"/></svg>'
    )


def _properties(theme: Theme) -> str:
    return (
        f"--accent: {theme.accent}; --on-accent: {theme.on_accent};"
        f" --accent-on-dark: {theme.accent_on_dark};"
        f" --accent-on-light: {theme.accent_on_light};"
    )


def may_cancel(payout: Payout) -> bool:
    """Say whether ``cancel_payout`` would take it: not on its way, and never sent before."""
    return Status.CANCELLED in NEXT[payout.status] and not payout.resends
