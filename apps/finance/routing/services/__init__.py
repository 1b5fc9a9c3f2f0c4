"""Ways into the tables of routing."""

from apps.finance.routing.services.decide import decide
from apps.finance.routing.services.drafts import (
    add_rule,
    change_rule,
    create_draft,
    discard_draft,
    move_rule,
    remove_rule,
)
from apps.finance.routing.services.replay import ask_replay, run_replays, stop_replay
from apps.finance.routing.services.routes import RouteRow, note_ratio, sync_routes
from apps.finance.routing.services.tidy import forget_decisions
from apps.finance.routing.services.versions import activate

__all__ = [
    "RouteRow",
    "activate",
    "add_rule",
    "ask_replay",
    "change_rule",
    "create_draft",
    "decide",
    "discard_draft",
    "forget_decisions",
    "move_rule",
    "note_ratio",
    "remove_rule",
    "run_replays",
    "stop_replay",
    "sync_routes",
]
