"""Nacha's lines for what comes back, and how near an account is to one.

Source: Nacha Operating Rules 2.17.2: of the debits of the preceding 60 days (or two months) 0.5 %
unauthorised, 3 % administrative, 15 % in all. Over a line the bank must ask for a plan, and may
stop us. For SEPA the same lines are ours: the EPC draws none.
"""

from __future__ import annotations

from typing import NamedTuple

WINDOW_DAYS = 60
UNAUTHORISED_BPS, ADMINISTRATIVE_BPS, ALL_BPS = 50, 300, 1500
#: From three quarters of a line on a person looks.
NEAR_PERCENT = 75


class Share(NamedTuple):
    """Returns of a kind among the debits of the window."""

    returns: int
    entries: int
    line_bps: int

    @property
    def bps(self) -> int:
        """Return the share in hundredths of a percent, rounded up: a line is not reached late."""
        return -(-self.returns * 10_000 // self.entries) if self.entries else 0

    @property
    def is_near(self) -> bool:
        return self.returns > 0 and self._reaches(NEAR_PERCENT)

    @property
    def is_over(self) -> bool:
        return self.returns > 0 and self.returns * 10_000 > self.line_bps * self.entries

    def _reaches(self, percent: int) -> bool:
        return self.returns * 10_000 * 100 >= self.line_bps * percent * self.entries


def shares(
    *, entries: int, unauthorised: int, administrative: int, returned: int
) -> tuple[Share, Share, Share]:
    """Return the shares that have a line: unauthorised, administrative, all."""
    return (
        Share(unauthorised, entries, UNAUTHORISED_BPS),
        Share(administrative, entries, ADMINISTRATIVE_BPS),
        Share(returned, entries, ALL_BPS),
    )
