"""The rules that count."""

from __future__ import annotations

from dataclasses import dataclass

from apps.core.memory import Memory
from apps.finance.routing.choices import VersionStatus
from apps.finance.routing.models import Rule, RuleSet
from apps.finance.routing.rules.plan import PlannedRule


@dataclass(frozen=True, slots=True)
class Plan:
    """``rule_set_id`` is None where no version is active, and then there are no rules."""

    rule_set_id: int | None
    rules: tuple[PlannedRule, ...]


_active: Memory[Plan] = Memory()


def active_plan() -> Plan:
    """Return the active version's rules, up to ``settings.MEMORY_SECONDS`` old."""
    return _active.get_or_make("active", _read_active)


def forget_plan() -> None:
    """Read the rules anew at the next decision, in this process."""
    _active.forget()


def plan_changed() -> None:
    """Read the rules anew once this transaction is committed, in this process."""
    _active.forget_when_committed()


def version_choices(*, limit: int = 50) -> list[tuple[int, str]]:
    """Return the newest versions for a choice: id, and what it is."""
    rows = RuleSet.objects.order_by("-number")[:limit]
    return [(row.pk, f"{row} ({row.get_status_display().lower()})") for row in rows]


def plan_of(rule_set_id: int) -> Plan:
    """Return a version's rules as they are now."""
    rows = Rule.objects.filter(rule_set_id=rule_set_id).order_by("position")
    return Plan(rule_set_id, tuple(row.planned for row in rows))


def _read_active() -> Plan:
    """One query: a version becomes active only with a rule."""
    rows = list(Rule.objects.filter(rule_set__status=VersionStatus.ACTIVE).order_by("position"))
    return Plan(rows[0].rule_set_id if rows else None, tuple(row.planned for row in rows))
