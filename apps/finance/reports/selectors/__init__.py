"""What finance asks of the books. Reads only."""

from apps.finance.reports.selectors.cash import cash_flow
from apps.finance.reports.selectors.creators import creator_by_id, creator_of, creator_statement
from apps.finance.reports.selectors.cuts import payments_by
from apps.finance.reports.selectors.insights import insights
from apps.finance.reports.selectors.position import balance_sheet
from apps.finance.reports.selectors.series import result_series
from apps.finance.reports.selectors.statements import profit_and_loss
from apps.finance.reports.selectors.trial import trial_balance

__all__ = [
    "balance_sheet",
    "cash_flow",
    "creator_by_id",
    "creator_of",
    "creator_statement",
    "insights",
    "payments_by",
    "profit_and_loss",
    "result_series",
    "trial_balance",
]
