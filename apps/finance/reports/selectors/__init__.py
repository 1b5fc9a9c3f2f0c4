"""What finance asks of the books. Reads only."""

from apps.finance.reports.selectors.statements import profit_and_loss

__all__ = ["profit_and_loss"]
