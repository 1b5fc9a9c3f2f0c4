"""Monitoring in the console: the cockpit of MIDs."""

from apps.finance.monitoring.admin.alerts import AlertAdmin
from apps.finance.monitoring.admin.standings import StandingAdmin
from apps.finance.monitoring.admin.thresholds import ThresholdAdmin

__all__ = ["AlertAdmin", "StandingAdmin", "ThresholdAdmin"]
