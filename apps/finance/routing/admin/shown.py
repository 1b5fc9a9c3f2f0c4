"""How rules and accounts read to people."""

from __future__ import annotations

from collections.abc import Mapping

from apps.core.money import BPS_WHOLE
from apps.finance.routing.choices import Action
from apps.finance.routing.rules.facts import Candidate
from apps.finance.routing.rules.plan import PlannedRule, Share


def percent(bps: int | None, absent: str = "none") -> str:
    """``98.50 %``"""
    return absent if bps is None else f"{bps // 100}.{bps % 100:02d} %"


def part(count: int, of: int) -> str:
    """``12.34 %`` of a whole."""
    return percent(count * BPS_WHOLE // of) if of else "none"


def account(account_id: int | None, labels: Mapping[int, str]) -> str:
    """An account's name; nowhere when a payment could not be taken."""
    if account_id is None:
        return "nowhere"
    return labels.get(account_id, f"account {account_id}")


def conditions(rule: PlannedRule) -> str:
    return "; ".join(rule.conditions.words()) or "every payment"


def deed(rule: PlannedRule, labels: Mapping[int, str]) -> str:
    """What a rule does, in a sentence."""
    names = _names(rule, labels)
    if rule.action == Action.EXCLUDE:
        return f"Leave out {names}"
    if rule.action == Action.SORT:
        among = f" among {names}" if rule.shares else ""
        return f"{rule.sort_by.label}{among}{_only(rule)}"
    return f"Send to {names}{_only(rule)}"


def _only(rule: PlannedRule) -> str:
    return ", and to no other" if rule.only_these else ""


def _names(rule: PlannedRule, labels: Mapping[int, str]) -> str:
    whole = sum(share.weight for share in rule.shares)
    return ", ".join(
        _target(share, labels) + (_weight(share, whole) if rule.action == Action.ACCOUNTS else "")
        for share in rule.shares
    )


def _target(share: Share, labels: Mapping[int, str]) -> str:
    if share.account_id is None:
        return f"all accounts at {share.gateway}"
    return account(share.account_id, labels)


def _weight(share: Share, whole: int) -> str:
    return f" ({part(share.weight, whole)})" if share.weight else " (only when the others cannot)"


def standing(candidate: Candidate) -> tuple[str, str, str]:
    """Recent success, room under cap and ratio, health: as three cells."""
    success = percent(candidate.success_bps)
    if candidate.samples:
        success += f" of {candidate.samples}"
    return success, percent(candidate.headroom_bps), "well" if candidate.healthy else "failing"
