"""The rules and limits that count, and those tried beside them."""

from __future__ import annotations

from dataclasses import dataclass

from apps.core.memory import Memory
from apps.finance.risk.choices import RuleStatus
from apps.finance.risk.models import RiskLimits, RiskRule
from apps.finance.risk.rules.judge import Limits, with_shadow
from apps.finance.risk.rules.wants import RuleData


@dataclass(frozen=True, slots=True)
class RuleBook:
    """``beside`` are the rules as if those in shadow were live, by ``limits_beside``."""

    live: tuple[RuleData, ...]
    beside: tuple[RuleData, ...]
    limits: Limits
    limits_beside: Limits


_book: Memory[RuleBook] = Memory()


def rule_book() -> RuleBook:
    """Return what counts, up to ``settings.MEMORY_SECONDS`` old. Two queries, or none."""
    return _book.get_or_make("book", read_book)


def forget_book() -> None:
    """Read the rules anew at the next payment, in this process."""
    _book.forget()


def book_changed() -> None:
    """Read the rules anew once this transaction is committed, in this process."""
    _book.forget_when_committed()


def read_book(*, only_shadow_id: int | None = None) -> RuleBook:
    """Return what counts this moment; of the shadow all, or one rule (and then live limits)."""
    rows = RiskRule.objects.exclude(status=RuleStatus.RETIRED).order_by("code", "status")
    rules = [row.data for row in rows]
    live = tuple(rule for rule in rules if not rule.is_shadow)
    shadow = [rule for rule in rules if rule.is_shadow and only_shadow_id in (None, rule.id)]
    limits = {
        row.status: row.data for row in RiskLimits.objects.exclude(status=RuleStatus.RETIRED)
    }
    counting = limits.get(RuleStatus.LIVE, Limits())
    tried = limits.get(RuleStatus.SHADOW, counting) if only_shadow_id is None else counting
    return RuleBook(live, tuple(with_shadow(live, shadow)), counting, tried)
