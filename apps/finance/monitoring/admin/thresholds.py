"""Console pages of the networks' lines, by the day they begin to count."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path

from apps.core.admin import Asked, ConsoleAdmin, Fact, Facts, Page, Way, ask, when
from apps.finance.monitoring import services as monitoring
from apps.finance.monitoring.admin.words import percent
from apps.finance.monitoring.choices import Basis, Counted, Network, Programme
from apps.finance.monitoring.models import Threshold
from apps.finance.monitoring.rules import Line
from apps.finance.monitoring.services.thresholds import NewLine

SET = Asked(
    title="Set a line",
    lead="When a network's bulletin changes a programme. The old row stays: past months are "
    "judged by the line of their time.",
    button="Set the line",
    permission="monitoring.set_threshold",
)


class ThresholdForm(forms.Form):
    programme = forms.ChoiceField(choices=Programme.choices)
    network = forms.ChoiceField(choices=Network.choices)
    effective_from = forms.DateField(
        label="From the month of", widget=forms.DateInput(attrs={"type": "date"})
    )
    counted = forms.ChoiceField(choices=Counted.choices, label="What counts")
    basis = forms.ChoiceField(choices=Basis.choices, label="Divided by")
    line_bps = forms.IntegerField(
        min_value=1, max_value=9_999, label="Ratio", help_text="Basis points; 150 is 1.5 %."
    )
    least_count = forms.IntegerField(min_value=1, label="Least number of cases")
    least_minor = forms.IntegerField(
        min_value=0, initial=0, label="Least amount", help_text="Cents; 0: the programme has none."
    )
    least_sales = forms.IntegerField(
        min_value=0, initial=0, label="Least sales", help_text="0: the programme has none."
    )
    reason = forms.CharField(max_length=300, label="Bulletin, or who decided it")


@admin.register(Threshold)
class ThresholdAdmin(ConsoleAdmin):
    list_display = ("programme", "network", "since", "ratio", "cases", "counted")
    list_display_links = ("programme",)
    list_filter = ("programme",)
    ordering = ("programme", "-effective_from", "-id")
    intro = "From when each programme judges merchants by which ratio and count."
    list_title = "Networks' thresholds"
    empty_title = "No lines"
    empty_text = "Without a line nothing is judged."

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(SET.permission):
            return []
        return [Way(SET.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        new = path("new/", gate(self.new_view), name="monitoring_threshold_new")
        return [new, *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Set a line from a day on."""

        def run(given: dict[str, Any], by: Any) -> str:
            row = monitoring.set_threshold(
                new=NewLine(
                    Programme(given["programme"]),
                    Network(given["network"]),
                    given["effective_from"],
                    Line(
                        Counted(given["counted"]),
                        Basis(given["basis"]),
                        given["line_bps"],
                        given["least_count"],
                        given["least_minor"],
                        given["least_sales"],
                    ),
                ),
                by=by,
                reason=given["reason"],
            )
            return f"{row}: {percent(row.line_bps)}."

        return ask(self, request, SET, form=ThresholdForm, run=run)

    @admin.display(description="From")
    def since(self, row: Threshold) -> str:
        return f"{row.effective_from:%d %b %Y}"

    @admin.display(description="Cases")
    def cases(self, row: Threshold) -> str:
        return f"at least {row.least_count:,}"

    @admin.display(description="Ratio")
    def ratio(self, row: Threshold) -> str:
        return percent(row.line_bps)

    def page(self, request: HttpRequest, row: Threshold) -> Page:
        return Page(
            title=row.get_programme_display(),
            subtitle=f"from {self.since(row)}",
            main=[
                Facts(
                    "Line",
                    [
                        Fact("Ratio", self.ratio(row)),
                        Fact("Cases", self.cases(row)),
                        Fact(
                            "Amount, cents", f"{row.least_minor:,}" if row.least_minor else "any"
                        ),
                        Fact("Sales", f"{row.least_sales:,}" if row.least_sales else "any"),
                        Fact("What counts", row.get_counted_display()),
                        Fact("Divided by", row.get_basis_display()),
                    ],
                )
            ],
            side=[
                Facts(
                    "Record",
                    [
                        Fact("Source", row.source),
                        Fact("By", row.by or "delivered with the platform"),
                        Fact("Set", when(row.created_at)),
                    ],
                )
            ],
        )
