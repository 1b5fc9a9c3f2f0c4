"""How figures of monitoring look."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.show import state
from apps.finance.monitoring.choices import Level
from apps.finance.monitoring.rules import level_of

#: The console's colours are those of stored states.
_TONES = {
    Level.CALM: "OK",
    Level.HALF: "SENT",
    Level.CLOSE: "PENDING",
    Level.NEAR: "FAILED",
    Level.OVER: "FAILED",
}
WHOLE = 10_000


def percent(bps: int) -> str:
    """``1.50 %`` of 150 basis points, which no column parts."""
    return f"{bps // 100}.{bps % 100:02d}\u00a0%"


def reach_text(reach_bps: int) -> str:
    """The part of the line, in whole percent."""
    return f"{reach_bps // 100}\u00a0%"


def level_word(level: str) -> SafeString:
    return state(_TONES[Level(level)], Level(level).label)


def gauge(reach_bps: int) -> SafeString:
    """A bar that fills towards the line; its number says the same."""
    tone = {"CALM": "success", "HALF": "info", "CLOSE": "warning"}.get(
        level_of(reach_bps).value, "danger"
    )
    return format_html(
        '<meter class="c-meter c-{}" min="0" max="100" value="{}">{}</meter> {}',
        tone,
        min(reach_bps // 100, 100),
        reach_text(reach_bps),
        reach_text(reach_bps),
    )
