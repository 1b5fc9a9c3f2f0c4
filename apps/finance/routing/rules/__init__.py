"""The engine: which account takes a payment, and why not another. Pure, without chance."""

from apps.finance.routing.rules.conditions import Conditions
from apps.finance.routing.rules.engine import Excluded, Outcome, decide
from apps.finance.routing.rules.facts import Candidate, Facts
from apps.finance.routing.rules.plan import PlannedRule, Share

__all__ = [
    "Candidate",
    "Conditions",
    "Excluded",
    "Facts",
    "Outcome",
    "PlannedRule",
    "Share",
    "decide",
]
