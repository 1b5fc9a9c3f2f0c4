"""What a brand's colours are in CSS, and what its people may still do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from apps.payouts.choices import NEXT, Status

if TYPE_CHECKING:
    from apps.payouts.models import Payout


class Theme(Protocol):
    slug: str
    accent: str
    on_accent: str
    accent_on_dark: str
    accent_on_light: str


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
