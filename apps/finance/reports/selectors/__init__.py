"""What finance asks of the books. Reads only."""

from apps.finance.reports.selectors.cash import cash_flow
from apps.finance.reports.selectors.position import balance_sheet
from apps.finance.reports.selectors.statements import profit_and_loss
from apps.finance.reports.selectors.trial import trial_balance

__all__ = ["balance_sheet", "cash_flow", "profit_and_loss", "trial_balance"]
