"""How risky a payment is, by rules that are data. Pure."""

from apps.finance.risk.rules.facts import Known, RiskFacts, known_of
from apps.finance.risk.rules.judge import Hit, Limits, Verdict, judge
from apps.finance.risk.rules.wants import RuleData, Want, wants_of

__all__ = [
    "Hit",
    "Known",
    "Limits",
    "RiskFacts",
    "RuleData",
    "Verdict",
    "Want",
    "judge",
    "known_of",
    "wants_of",
]
