"""What no rule can overrule: an account that cannot or must not take a payment."""

from __future__ import annotations

from datetime import date

from apps.core.money import Money
from apps.finance.routing.choices import Why
from apps.finance.routing.rules.facts import Candidate, Facts

Refusal = tuple[Why, str]


def refusal(candidate: Candidate, facts: Facts, *, today: date) -> Refusal | None:
    """Return why the account cannot take the payment, with the figures; None when it can."""
    return (
        _fit(candidate, facts)
        or _amount(candidate, facts.amount)
        or _dates(candidate, today)
        or _standing(candidate, facts.amount)
    )


def _fit(candidate: Candidate, facts: Facts) -> Refusal | None:
    if candidate.currency != facts.currency:
        return Why.CURRENCY, f"charges {candidate.currency}, the payment is {facts.currency}"
    if candidate.methods and facts.method not in candidate.methods:
        return Why.METHOD, f"takes {', '.join(sorted(candidate.methods))}, not {facts.method}"
    if facts.country and facts.country in candidate.countries_refused:
        return Why.COUNTRY, f"refuses payers of {facts.country}"
    if candidate.countries and facts.country and facts.country not in candidate.countries:
        return Why.COUNTRY, f"takes no payers of {facts.country}"
    known = candidate.card_brands and facts.card_brand
    if known and facts.card_brand not in candidate.card_brands:
        return Why.CARD_BRAND, f"takes no {facts.card_brand}"
    return None


def _amount(candidate: Candidate, amount: Money) -> Refusal | None:
    if amount.minor < candidate.least_minor:
        least = Money(candidate.least_minor, amount.currency).formatted
        return Why.TOO_SMALL, f"{amount.formatted} is below its smallest charge, {least}"
    if amount.minor > candidate.most_minor:
        most = Money(candidate.most_minor, amount.currency).formatted
        return Why.TOO_LARGE, f"{amount.formatted} is above its largest charge, {most}"
    return None


def _dates(candidate: Candidate, today: date) -> Refusal | None:
    if candidate.opens_on and today < candidate.opens_on:
        return Why.NOT_YET, f"processes from {candidate.opens_on.isoformat()} on"
    if candidate.closes_on and today > candidate.closes_on:
        return Why.NO_LONGER, f"processed until {candidate.closes_on.isoformat()}"
    return None


def _standing(candidate: Candidate, amount: Money) -> Refusal | None:
    if not candidate.healthy:
        return Why.UNHEALTHY, f"{candidate.gateway} fails at the moment"
    left = candidate.cap_left_minor
    if left is not None and amount.minor > left:
        spare = Money(max(0, left), amount.currency).formatted
        return Why.CAP, f"{spare} is left of this month's cap"
    if candidate.is_at_ratio:
        return Why.RATIO, (
            f"ratio {_percent(candidate.ratio_bps or 0)} of a limit of"
            f" {_percent(candidate.ratio_limit_bps or 0)}"
        )
    return None


def _percent(bps: int) -> str:
    return f"{bps // 100}.{bps % 100:02d} %"
