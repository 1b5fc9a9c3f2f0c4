"""Brands in the console."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.clusters.models import Cluster
from apps.core.admin import Cell, ConsoleAdmin, Fact, Facts, Page, Table, state


@admin.register(Cluster)
class ClusterAdmin(ConsoleAdmin):
    list_display = ("name", "audience", "colour", "word")
    list_display_links = ("name",)
    ordering = ("position", "id")
    intro = "The nine brand sites. A brand is data: its theme, its host names."

    @admin.display(description="Accent")
    def colour(self, row: Cluster) -> SafeString:
        return format_html('<span class="c-mono">{}</span>', row.accent)

    @admin.display(description="State")
    def word(self, row: Cluster) -> SafeString:
        return state("ACTIVE", "Open") if row.is_active else state("CLOSED")

    def page(self, request: HttpRequest, row: Cluster) -> Page:
        domains = row.domains.order_by("-is_primary", "id")[:50]
        return Page(
            title=row.name,
            subtitle=row.audience,
            state=self.word(row),
            main=[
                Table(
                    "Host names",
                    [Cell("Host"), Cell("Use")],
                    [[d.host, "primary" if d.is_primary else "also answers"] for d in domains],
                    empty="No host name leads to this brand.",
                )
            ],
            side=[
                Facts(
                    "Theme",
                    [
                        Fact("Slug", row.slug),
                        Fact("Accent", row.accent),
                        Fact("Text on accent", row.on_accent),
                        Fact("Accent on dark", row.accent_on_dark),
                        Fact("Accent on light", row.accent_on_light),
                        Fact("FanzDash is served here", "yes" if row.is_portal else "no"),
                    ],
                )
            ],
        )
