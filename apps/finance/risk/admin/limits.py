"""Console pages of the limits: from which score on what happens."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import Asked, ConsoleAdmin, Fact, Facts, Page, Verb, Way, ask_with, when
from apps.finance.risk import services as risk
from apps.finance.risk.admin.forms import LimitsForm
from apps.finance.risk.admin.shown import status
from apps.finance.risk.choices import RuleStatus
from apps.finance.risk.models import RiskLimits
from apps.finance.risk.rules.judge import Limits

NEW = Asked(
    "Set limits",
    "They go into the shadow; another person makes them live.",
    "Put them into the shadow",
    "risk.write_rules",
)
USUAL = Limits()


def live_refusal(row: RiskLimits, by: Any) -> str:
    if row.status != RuleStatus.SHADOW:
        return "they are not in shadow."
    return "you set them: another person makes them live." if row.by_id == by.pk else ""


def live_run(row: RiskLimits, by: Any, reason: str) -> str:
    risk.make_limits_live(limits_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Live: they count from the next payment on."


MAKE_LIVE = Verb(
    name="live",
    label="Make live",
    permission="risk.make_live",
    preview=lambda row, _by: (
        f"Payments are challenged from {row.challenge}, reviewed from {row.review} and blocked"
        f" from {row.block} on."
    ),
    refusal=live_refusal,
    run=live_run,
    icon="play_arrow",
    is_quiet=False,
)


@admin.register(RiskLimits)
class RiskLimitsAdmin(ConsoleAdmin):
    list_display = ("number", "challenge", "review", "block", "word", "writer", "since")
    list_display_links = ("number",)
    list_filter = ("status",)
    list_select_related = ("by", "live_by")
    intro = "From which score on a payment is challenged, reviewed and blocked."
    empty_title = "Nobody has set limits"
    empty_text = (
        f"So {USUAL.challenge}, {USUAL.review} and {USUAL.block} count: challenge, review, block."
    )
    verbs = (MAKE_LIVE,)

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(NEW.permission):
            return []
        return [Way(NEW.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        return [path("new/", gate(self.new_view), name="risk_risklimits_new"), *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Set limits."""
        form = LimitsForm(request.POST or None)

        def do(by: Any) -> HttpResponse:
            row = risk.write_limits(**form.cleaned_data, by=by, now=timezone.now())
            self.message_user(request, f"Limits {row} run in shadow.", messages.SUCCESS)
            return HttpResponseRedirect(self.address("change", row.pk))

        return ask_with(self, request, NEW, form=form, do=do)

    @admin.display(description="Limits")
    def number(self, row: RiskLimits) -> str:
        return f"#{row.pk}"

    @admin.display(description="State")
    def word(self, row: RiskLimits) -> SafeString:
        return status(row.status, row.get_status_display())

    @admin.display(description="Set by")
    def writer(self, row: RiskLimits) -> str:
        return str(row.by)

    @admin.display(description="Live from")
    def since(self, row: RiskLimits) -> SafeString:
        return when(row.live_at)

    def page(self, request: HttpRequest, row: RiskLimits) -> Page:
        return Page(
            title=f"Limits {row}",
            subtitle="Risk",
            state=self.word(row),
            main=[
                Facts(
                    "From which score on",
                    [
                        Fact("Challenge", row.challenge),
                        Fact("Review", row.review),
                        Fact("Block", row.block),
                    ],
                ),
                Facts(
                    "Record",
                    [
                        Fact("Set", when(row.created_at)),
                        Fact("By", row.by),
                        Fact("Why", row.reason),
                        Fact("Live from", when(row.live_at)),
                        Fact("Made live by", row.live_by or "nobody yet"),
                        Fact("Why", row.live_reason or "none given yet"),
                    ],
                ),
            ],
        )
