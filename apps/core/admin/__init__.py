"""The console's building blocks: read-only pages, columns, actions with a reason, exports."""

from apps.core.admin.asking import Asked, ask, ask_with
from apps.core.admin.base import ConsoleAdmin
from apps.core.admin.filters import CHOICES, DaysFilter, Queue, QueueFilter
from apps.core.admin.sections import (
    Ask,
    Cell,
    Drawing,
    Event,
    Fact,
    Facts,
    Heat,
    Page,
    Plot,
    Raw,
    Table,
    Timeline,
    Warmth,
    Way,
)
from apps.core.admin.terms import as_id, as_uuid
from apps.core.admin.verbs import Verb
from apps.core.admin.walks import WalkAdmin, progress, stop_refusal
from apps.core.show import amount, change_link, source_link, state, when

__all__ = [
    "CHOICES",
    "Ask",
    "Asked",
    "Cell",
    "ConsoleAdmin",
    "DaysFilter",
    "Drawing",
    "Event",
    "Fact",
    "Facts",
    "Heat",
    "Page",
    "Plot",
    "Queue",
    "QueueFilter",
    "Raw",
    "Table",
    "Timeline",
    "Verb",
    "WalkAdmin",
    "Warmth",
    "Way",
    "amount",
    "as_id",
    "as_uuid",
    "ask",
    "ask_with",
    "change_link",
    "progress",
    "source_link",
    "state",
    "stop_refusal",
    "when",
]
