"""Tables of routing: versions of rules, decisions, replays, accounts as routing knows them."""

from apps.finance.routing.models.decision import Decision, Options
from apps.finance.routing.models.replay import Replay
from apps.finance.routing.models.route import Route
from apps.finance.routing.models.version import Rule, RuleSet, RuleSetEditor

__all__ = ["Decision", "Options", "Replay", "Route", "Rule", "RuleSet", "RuleSetEditor"]
