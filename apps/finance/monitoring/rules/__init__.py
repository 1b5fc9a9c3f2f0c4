"""The networks' arithmetic; no tables."""

from apps.finance.monitoring.rules.programmes import Line, Month, Reach, level_of, reach_of

__all__ = ["Line", "Month", "Reach", "level_of", "reach_of"]
