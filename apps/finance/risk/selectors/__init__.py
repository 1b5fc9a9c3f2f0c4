"""Questions about risk."""

from apps.finance.risk.selectors.rules import RuleBook, rule_book

__all__ = ["RuleBook", "rule_book"]
