"""Risk in the console: what waits for review, rules and limits, block lists, tests of rules."""

from apps.finance.risk.admin.assessments import AssessmentAdmin
from apps.finance.risk.admin.back_tests import BackTestAdmin
from apps.finance.risk.admin.limits import RiskLimitsAdmin
from apps.finance.risk.admin.lists import BlockEntryAdmin
from apps.finance.risk.admin.rules import RiskRuleAdmin

__all__ = [
    "AssessmentAdmin",
    "BackTestAdmin",
    "BlockEntryAdmin",
    "RiskLimitsAdmin",
    "RiskRuleAdmin",
]
