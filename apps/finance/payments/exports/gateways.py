"""The generated page about the gateways: docs/reference/gateways.md."""

from __future__ import annotations

from apps.finance.payments.adapters import GATEWAYS
from apps.finance.payments.adapters.base import Capabilities, Gateway

YES, NO = "yes", "no"
_HEAD = (
    "gateway", "payer pays", "stored card", "wallets", "renewals by", "refund", "void", "look-up",
    "disputes told", "one key, one charge", "webhooks", "prices in",
)  # fmt: skip


def gateways_page(generated: str) -> str:
    """Return docs/reference/gateways.md: what each adapter declares and cannot do without."""
    lines = [
        "# Gateways\n",
        generated,
        "How to set each up and what of it is verified: [docs/gateways](../gateways/README.md).\n",
        "## What they offer\n",
        _row(_HEAD),
        _row(["---"] * len(_HEAD)),
    ]
    lines += [_row([f"`{name}`", *_cells(one.capabilities)]) for name, one in GATEWAYS.items()]
    lines += ["\n## What they cannot do without\n", _row(("gateway", "keys of its secrets"))]
    lines += [_row(("---", "---"))]
    lines += [_row((f"`{name}`", _needs(one))) for name, one in GATEWAYS.items()]
    return "\n".join([*lines, ""])


def _cells(can: Capabilities) -> list[str]:
    ways = (("on its page", can.hosted_page), ("in its fields in our page", can.fields))
    proof = "proves a payment" if can.look_up_proves else YES
    return [
        ", ".join(way for way, offered in ways if offered) or NO,
        _said(can.token_charge),
        ", ".join(sorted(can.wallets)) or NO,
        can.rebill_by.value,
        "whole or in parts" if can.partial_refund else "whole" if can.refund else NO,
        _said(can.void),
        proof if can.look_up else NO,
        _said(can.dispute_push),
        _said(can.keeps_keys),
        "signed" if can.signed_webhooks else "by address",
        " ".join(sorted(can.currencies)),
    ]


def _needs(gateway: Gateway) -> str:
    return " ".join(f"`{name}`" for name in sorted(gateway.needs))


def _said(offered: bool) -> str:  # noqa: FBT001 (a cell of a table says yes or no)
    return YES if offered else NO


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
