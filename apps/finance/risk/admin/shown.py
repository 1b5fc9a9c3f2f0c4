"""How rules and outcomes read to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.safestring import SafeString

from apps.core.admin import state
from apps.core.money import Money
from apps.finance.risk.choices import ListKind, Outcome, Pair, RuleKind, What, Who
from apps.finance.risk.rules.judge import span

_TONES = {"ALLOW": "OK", "CHALLENGE": "RECEIVED", "REVIEW": "WAITING", "BLOCK": "REFUSED"}
_STATES = {"LIVE": "ACTIVE", "SHADOW": "PENDING"}


def outcome(word: str) -> SafeString:
    return state(_TONES.get(word, word), Outcome(word).label.partition(":")[0])


def status(word: str, label: str) -> SafeString:
    return state(_STATES.get(word, word), label.partition(":")[0])


def asks(kind: str, params: Mapping[str, Any]) -> str:
    """A rule's condition in a sentence."""
    if kind == RuleKind.VELOCITY:
        most = (
            Money(params["more_than"], params["currency"]).formatted
            if params["what"] == What.AMOUNT
            else params["more_than"]
        )
        what, who = What(params["what"]).label, Who(params["who"]).label
        return f"More than {most} {what} of one {who} in {span(params['minutes'])}"
    if kind == RuleKind.MISMATCH:
        return f"Another country of {Pair(params['pair']).label}"
    if kind == RuleKind.YOUNG_ACCOUNT:
        return f"An account younger than {span(params['hours'] * 60)}"
    if kind == RuleKind.LARGE_AMOUNT:
        return f"Above {Money(params['more_than'], params['currency']).formatted}"
    if kind == RuleKind.UNUSUAL_AMOUNT:
        return (
            f"Above {params['times']} times the payer's usual, after"
            f" {params['least_payments']} payments"
        )
    names = ", ".join(ListKind(one).label.lower() for one in params["lists"])
    return f"On a block list: {names}"
