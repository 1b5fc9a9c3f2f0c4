"""Say in time that rates are missing, or that positions and books disagree."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from apps.finance.fx.rules.rates import most_age
from apps.finance.fx.selectors import position_findings, youngest_rates

logger = logging.getLogger(__name__)


def watch(*, now: datetime) -> list[str]:
    """Return, and log as errors, what will be refused or is wrong (runbook: exchange-rates).

    A pair that had a rate in the last year is expected to have one that is young enough.
    """
    today = now.astimezone(UTC).date()
    findings = [
        f"{base}/{quote}: the youngest rate is {age} days old"
        for (base, quote), age in sorted(youngest_rates(on=today).items())
        if age > most_age(base, quote)
    ]
    if findings:
        logger.error("fx.rates_missing", extra={"findings": findings})
    wrong = position_findings()
    if wrong:
        logger.error("fx.positions_differ", extra={"findings": wrong})
    return findings + wrong
