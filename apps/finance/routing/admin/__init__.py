"""Routing in the console: versions and their rules, decisions with reasons, replays."""

from apps.finance.routing.admin.decisions import DecisionAdmin
from apps.finance.routing.admin.replays import ReplayAdmin
from apps.finance.routing.admin.versions import RuleSetAdmin

__all__ = ["DecisionAdmin", "ReplayAdmin", "RuleSetAdmin"]
