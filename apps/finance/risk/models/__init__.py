"""Tables of risk: rules and limits in versions, block lists, assessments, tests of rules."""

from apps.finance.risk.models.assessment import Assessment
from apps.finance.risk.models.back_test import BackTest
from apps.finance.risk.models.block import BlockEntry
from apps.finance.risk.models.rule import RiskLimits, RiskRule

__all__ = ["Assessment", "BackTest", "BlockEntry", "RiskLimits", "RiskRule"]
