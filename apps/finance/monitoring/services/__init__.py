"""The use cases of monitoring; the only writers of its tables."""

from apps.finance.monitoring.services.alerts import note_alert
from apps.finance.monitoring.services.measure import measure
from apps.finance.monitoring.services.thresholds import set_threshold

__all__ = ["measure", "note_alert", "set_threshold"]
