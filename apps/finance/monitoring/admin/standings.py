"""Console pages of MIDs: how close each is to each network's line."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    Drawing,
    Fact,
    Facts,
    Page,
    Plot,
    Table,
    change_link,
    when,
)
from apps.core.show import amount
from apps.finance.monitoring import selectors
from apps.finance.monitoring.admin.words import gauge, level_word, percent, reach_text
from apps.finance.monitoring.models import MidMonth, Standing


@admin.register(Standing)
class StandingAdmin(ConsoleAdmin):
    list_display = (
        "account",
        "short",
        "month_text",
        "word",
        "ratio",
        "line",
        "reached",
        "end",
    )
    list_display_links = ("account",)
    list_filter = ("programme", "level")
    ordering = ("-month", "-reach_bps", "-id")
    icon = "speed"
    intro = (
        "How far each MID has gone towards the networks' lines, the worst first. A line has a"
        " ratio and a number of cases: who is over one only is not over the line."
    )
    list_title = "MIDs and thresholds"
    empty_title = "Nothing is measured yet"
    empty_text = "Every ten minutes the payments and chargebacks of the month are counted."

    @admin.display(description="Programme")
    def short(self, row: Standing) -> str:
        return row.programme

    @admin.display(description="Month")
    def month_text(self, row: Standing) -> str:
        return f"{row.month:%b\u00a0%Y}"

    @admin.display(description="Level")
    def word(self, row: Standing) -> SafeString:
        return level_word(row.level)

    @admin.display(description="Ratio")
    def ratio(self, row: Standing) -> str:
        return percent(row.ratio_bps)

    @admin.display(description="Line")
    def line(self, row: Standing) -> str:
        return percent(row.line_bps)

    @admin.display(description="Of the line")
    def reached(self, row: Standing) -> SafeString:
        return gauge(row.reach_bps)

    @admin.display(description="At month's end")
    def end(self, row: Standing) -> str:
        return reach_text(row.forecast_bps)

    def page(self, request: HttpRequest, row: Standing) -> Page:
        return Page(
            title=row.account,
            state=self.word(row),
            subtitle=f"{row.get_programme_display()}, {row.month:%B %Y}",
            main=[
                Table(
                    "All programmes this month",
                    [Cell("Programme"), Cell("Level"), Cell("Cases", number=True),
                     Cell("Ratio", number=True), Cell("Line", number=True),
                     Cell("Of the line", number=True), Cell("At month's end", number=True)],
                    [
                        [
                            change_link("monitoring_standing", each.pk, each.programme),
                            level_word(each.level),
                            each.count,
                            percent(each.ratio_bps),
                            percent(each.line_bps),
                            gauge(each.reach_bps),
                            reach_text(each.forecast_bps),
                        ]
                        for each in selectors.standings_of(row)
                    ],
                    empty="No programme has a line yet.",
                ),
                _drawn(row),
                self._months(row),
            ],
            side=[self._about(row), self._alerts(row)],
        )  # fmt: skip

    def _months(self, row: Standing) -> Table:
        return Table(
            "Month by month",
            [Cell("Month"), Cell("Network"), Cell("Sales", number=True),
             Cell("Volume", number=True), Cell("Chargebacks", number=True),
             Cell("of them fraud", number=True), Cell("Fraud reports", number=True)],
            [_month(each) for each in selectors.months_of(row.account_id)],
            empty="No sales were counted.",
        )  # fmt: skip

    def _about(self, row: Standing) -> Facts:
        return Facts(
            "MID",
            [
                Fact(
                    "Account", change_link("payments_merchantaccount", row.account_id, row.account)
                ),
                Fact("Brand", row.cluster),
                Fact("Gateway", row.gateway),
                Fact("Measured", when(row.measured_at)),
                Fact(
                    "Routing",
                    "leaves it at 90 % of the line",
                    hint="unless it is the brand's only way",
                ),
            ],
        )

    def _alerts(self, row: Standing) -> Facts:
        return Facts(
            "Alerts",
            [
                Fact(
                    f"{each.programme}, {each.month:%Y-%m}",
                    change_link("monitoring_alert", each.pk, each.get_level_display()),
                    hint=each.note or "nobody has noted it",
                )
                for each in selectors.alerts_of(row.account_id)
            ]
            or [Fact("None", "It never came to half of a line.")],
        )


def _drawn(row: Standing) -> Drawing:
    """The part of the line that each month reached, and where this one ends if it goes on so."""
    months = selectors.reaches_of(row)
    title = f"{row.programme}: how much of the line, month by month"
    columns = [Cell("Month"), *(Cell(name, number=True) for name in
               ("Ratio", "Line", "Of the line", "At month's end"))]  # fmt: skip
    whole = len(months)
    return Drawing(
        title,
        [f"{each.month:%b %Y}" for each in months],
        [
            Plot("Reached, %", [_hundredths(each.reach_bps) for each in months], "first"),
            Plot(
                "At month's end, %", [_hundredths(each.forecast_bps) for each in months], "second"
            ),
            Plot("The line", ["100"] * whole, "line", is_line=True),
            Plot("Routing leaves", ["90"] * whole, "second", is_line=True),
        ],
        Table(
            title,
            columns,
            [
                [
                    f"{each.month:%Y-%m}",
                    percent(each.ratio_bps),
                    percent(each.line_bps),
                    reach_text(each.reach_bps),
                    reach_text(each.forecast_bps),
                ]
                for each in reversed(months)
            ],
            empty="Nothing was measured.",
        ),
        note="100 is the programme's line; routing leaves the account at 90.",
    )


def _hundredths(bps: int) -> str:
    return f"{bps // 100}.{bps % 100:02d}"


def _month(row: MidMonth) -> list[Any]:
    return [
        f"{row.month:%Y-%m}",
        row.network or "not told",
        f"{row.sales:,}",
        amount(row.sales_minor, row.currency),
        f"{row.chargebacks:,}",
        f"{row.fraud_chargebacks:,}",
        f"{row.fraud_reports:,}",
    ]
