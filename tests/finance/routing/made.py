"""Accounts, payments and rules for tests of routing."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.core.money import Money
from apps.finance.routing import services as routing
from apps.finance.routing.choices import Action, SortBy
from apps.finance.routing.models import RuleSet
from apps.finance.routing.rules import Candidate, Conditions, Facts, PlannedRule, Share


def account(account_id: int = 1, **changes: Any) -> Candidate:
    usual = {
        "gateway": "ccbill",
        "label": f"MID {account_id}",
        "currency": "USD",
        "least_minor": 300,
        "most_minor": 100_00,
    }
    return Candidate(account_id, **{**usual, **changes})


def payment(amount: str = "25.00", currency: str = "USD", **changes: Any) -> Facts:
    usual = {"cluster": "boyfanz", "kind": "TIP"}
    return Facts(amount=Money.of(amount, currency), **{**usual, **changes})


def rule(
    *shares: tuple[int | str, int], name: str = "a rule", position: int = 1, **changes: Any
) -> PlannedRule:
    """``rule((1, 70), ("segpay", 30))``: to account 1 and to a gateway, by shares."""
    named = tuple(
        Share(account_id=who, weight=weight)
        if isinstance(who, int)
        else Share(gateway=who, weight=weight)
        for who, weight in shares
    )
    conditions = {
        key: changes.pop(key) for key in list(changes) if key in Conditions.__dataclass_fields__
    }
    return PlannedRule(
        position=position,
        name=name,
        action=changes.pop("action", Action.ACCOUNTS),
        conditions=Conditions(**conditions),
        shares=named,
        sort_by=changes.pop("sort_by", SortBy.COST),
        **changes,
    )


def known_routes(*candidates: Candidate, cluster: str = "boyfanz") -> None:
    """Let rules name these accounts."""
    routing.sync_routes(
        rows=[
            routing.RouteRow(
                one.account_id, one.gateway, one.label, cluster, one.currency, is_active=True
            )
            for one in candidates
        ],
        now=timezone.now(),
    )


def draft_of(*rules: PlannedRule, by: Any, now: Any, title: str = "A draft") -> RuleSet:
    draft = routing.create_draft(title=title, by=by, now=now)
    for one in rules:
        routing.add_rule(rule_set_id=draft.pk, rule=one, by=by, now=now)
    draft.refresh_from_db()
    return draft


def active(*rules: PlannedRule, by: Any, other: Any, now: Any, title: str = "Live") -> RuleSet:
    """A version that two people made active."""
    draft = draft_of(*rules, by=by, now=now, title=title)
    return routing.activate(
        rule_set_id=draft.pk, revision=draft.revision, by=other, reason="checked", now=now
    )
