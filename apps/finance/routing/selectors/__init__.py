"""Questions about routing."""

from apps.finance.routing.selectors.explain import Diff, diff, explain
from apps.finance.routing.selectors.routes import labels_of, ratios, routes
from apps.finance.routing.selectors.versions import (
    active_plan,
    forget_plan,
    plan_of,
    version_choices,
)

__all__ = [
    "Diff",
    "active_plan",
    "diff",
    "explain",
    "forget_plan",
    "labels_of",
    "plan_of",
    "ratios",
    "routes",
    "version_choices",
]
