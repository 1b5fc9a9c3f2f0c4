"""What a detail page is made of. Admins fill these; templates/admin/console/ draws them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: Any
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A button that leads somewhere; ``is_main`` makes it the one people look for."""

    label: str
    href: str
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels and values in a grid."""

    title: str
    facts: Sequence[Fact]
    template: str = "admin/console/facts.html"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a thing's life."""

    at: datetime
    title: Any
    actor: Any = ""
    detail: Any = ""
    tone: str = "neutral"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Typed events, oldest first."""

    title: str
    events: Sequence[Event]
    empty: str = "Nothing has happened yet."
    template: str = "admin/console/timeline.html"


@dataclass(frozen=True, slots=True)
class Cell:
    """A column's heading; ``number`` aligns it right."""

    label: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings, with totals below and a way to the next page."""

    title: str
    columns: Sequence[Cell]
    rows: Sequence[Sequence[Any]]
    empty: str
    totals: Sequence[Sequence[Any]] = ()
    more: str = ""
    more_text: str = "Older lines"
    template: str = "admin/console/table.html"

    @property
    def lines(self) -> list[list[tuple[Cell, Any]]]:
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def sums(self) -> list[list[tuple[Cell, Any]]]:
        return [list(zip(self.columns, row, strict=True)) for row in self.totals]


@dataclass(frozen=True, slots=True)
class Ask:
    """A form that narrows the page it stands on, by GET; ``clear`` leads back to all of it."""

    title: str
    form: forms.Form
    clear: str
    button: str = "Show"
    clear_word: str = "Show all"
    template: str = "admin/console/ask.html"


@dataclass(frozen=True, slots=True)
class Raw:
    """What another system sent or got, folded."""

    title: str
    text: str
    is_open: bool = False
    template: str = "admin/console/raw.html"

    @classmethod
    def of_json(cls, title: str, value: Any) -> Raw:
        return cls(title, json.dumps(value, indent=2, sort_keys=True, default=str))


@dataclass(frozen=True, slots=True)
class Plot:
    """One set of a chart: bars, or a line across them. ``colour`` is a word of ``COLOURS``."""

    label: str
    values: Sequence[str | None]
    colour: str
    is_line: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Bars and lines over labels; the same figures stand below as ``table``, for everybody."""

    title: str
    labels: Sequence[str]
    plots: Sequence[Plot]
    table: Table
    note: str = ""
    template: str = "admin/console/drawing.html"

    #: Colours of the console's stylesheet, by the class that its legend has for them.
    COLOURS: ClassVar[dict[str, str]] = {
        "first": "var(--color-primary-500)",
        "second": "var(--color-base-400)",
        "line": "var(--c-green)",
    }
    THICKEST: ClassVar[int] = 28

    @property
    def legend(self) -> list[tuple[str, str]]:
        return [(plot.label, plot.colour) for plot in self.plots]

    @property
    def data(self) -> str:
        """What the console's library draws."""
        return json.dumps({"labels": list(self.labels), "datasets": [*map(self._set, self.plots)]})

    def _set(self, plot: Plot) -> dict[str, Any]:
        colour = self.COLOURS[plot.colour]
        drawn: dict[str, Any] = {
            "label": plot.label,
            "data": list(plot.values),
            "backgroundColor": colour,
            "grouped": True,  # beside the other sets, not before them
            "borderRadius": 3,
            "maxBarThickness": self.THICKEST,
            "displayYAxis": True,
        }
        if plot.is_line:
            drawn |= {"type": "line", "borderColor": colour, "order": -1, "pointRadius": 0}
        return drawn


@dataclass(frozen=True, slots=True)
class Warmth:
    """A cell of a heat chart: what it says, how warm it is (0 to 10), and what it means."""

    text: str
    step: int
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Heat:
    """A table whose cells are the warmer the more they are; the figures are in the cells."""

    title: str
    columns: Sequence[Cell]
    #: What stands before the warm cells, then these; None: it has not been yet.
    rows: Sequence[tuple[Sequence[Any], Sequence[Warmth | None]]]
    note: str = ""
    empty: str = "Nothing yet."
    template: str = "admin/console/heat.html"


#: Whatever names the template that draws it.
Section = Facts | Timeline | Table | Ask | Raw | Drawing | Heat


@dataclass(frozen=True, slots=True)
class Page:
    """A detail page: what it is, in which state, how much, then the story and the proofs."""

    title: str
    state: Any = ""
    amount: Any = ""
    subtitle: Any = ""
    notice: str = ""
    ways: Sequence[Way] = field(default_factory=tuple)
    main: Sequence[Section] = field(default_factory=tuple)
    side: Sequence[Section] = field(default_factory=tuple)
