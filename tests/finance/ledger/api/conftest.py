"""The books of the small company that the reports are tested with."""

from tests.finance.reports.conftest import february, january, post

__all__ = ["february", "january", "post"]
