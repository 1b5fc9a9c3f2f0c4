"""Billing runs in the console: how far each is, what it brought, what it could not bill."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Table,
    amount,
    as_id,
    as_uuid,
    change_link,
    state,
    when,
)
from apps.finance.subscriptions.admin.verbs import AGAIN
from apps.finance.subscriptions.choices import RunState
from apps.finance.subscriptions.models import BillingFailure, BillingRun
from apps.finance.subscriptions.selectors.queues import open_failures

#: Seconds after which the page of a run under way is loaded again.
RELOADED_AFTER = 3
#: Failures on the page of a run.
MOST_FAILURES = 100


def done_of(row: BillingRun) -> int:
    return row.renewed + row.declined + row.waiting + row.ended + row.failed


def progress_of(row: BillingRun) -> SafeString:
    """How much of what was due it has looked at."""
    if row.state == RunState.DONE:
        word = f"Done, {row.failed} failed" if row.failed else "Done"
        return state("FAILED" if row.failed else "DONE", word)
    percent = min(99, done_of(row) * 100 // max(1, row.due))
    return state("PROCESSING", f"{percent} % of {row.due:,}")


def money_of(row: BillingRun) -> SafeString:
    """What was renewed, each currency by itself."""
    sums = sorted(row.money.items())
    if not sums:
        return format_html('<span class="c-none">{}</span>', "none")
    return format_html_join(" · ", "{}", ((amount(int(minor), code),) for code, minor in sums))


class RefreshedPage(ConsoleAdmin):
    """A page that the browser loads again by itself while ``is_open`` holds."""

    def is_open(self, row: Any) -> bool:
        """Test if what it shows is still changing; unless told otherwise it is not."""
        del row
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response = super().change_view(request, object_id, form_url, extra_context)
        row = self.get_object(request, object_id)
        if row is not None and self.is_open(row):
            response["Refresh"] = str(RELOADED_AFTER)
        return response


@admin.register(BillingRun)
class BillingRunAdmin(RefreshedPage):
    list_display = (
        "number",
        "word",
        "began",
        "due_",
        "renewed_",
        "declined_",
        "ended_",
        "brought",
    )
    list_display_links = ("number",)
    list_filter = (DaysFilter.on("started_at"),)
    ordering = ("-started_at", "-id")
    search_fields = ("public_id",)
    search_help_text = "Number or public id"
    intro = "Each stretch of billing: it begins when something is due and ends when nothing is."
    empty_title = "No billing runs"
    empty_text = "The first subscription that is due begins one."
    icon = "play_circle"
    export_columns = (
        "public_id", "started_at", "ended_at", "state", "due", "renewed", "declined", "waiting",
        "ended", "failed", "money",
    )  # fmt: skip

    def is_open(self, row: BillingRun) -> bool:
        return row.state == RunState.RUNNING

    def matching(self, term: str) -> Q | None:
        public_id, number = as_uuid(term), as_id(term)
        if public_id:
            return Q(public_id=public_id)
        return Q(pk=number) if number is not None else None

    @admin.display(description="Run")
    def number(self, row: BillingRun) -> str:
        return f"#{row.pk}"

    @admin.display(description="State")
    def word(self, row: BillingRun) -> SafeString:
        return progress_of(row)

    @admin.display(description="Began")
    def began(self, row: BillingRun) -> SafeString:
        return when(row.started_at)

    @admin.display(description="Due")
    def due_(self, row: BillingRun) -> SafeString:
        return _count(row.due)

    @admin.display(description="Renewed")
    def renewed_(self, row: BillingRun) -> SafeString:
        return _count(row.renewed)

    @admin.display(description="Declined")
    def declined_(self, row: BillingRun) -> SafeString:
        return _count(row.declined)

    @admin.display(description="Ended")
    def ended_(self, row: BillingRun) -> SafeString:
        return _count(row.ended)

    @admin.display(description="Renewed for")
    def brought(self, row: BillingRun) -> SafeString:
        return money_of(row)

    def page(self, request: HttpRequest, row: BillingRun) -> Page:
        return Page(
            title=f"Billing run #{row.pk}",
            subtitle="Renewals, tries and ends that were due",
            state=progress_of(row),
            amount=money_of(row),
            notice="Some could not be billed for a reason that is ours. They are left alone for "
            "an hour, then the next run takes them again."
            if row.failed
            else "",
            main=[outcome_of(row), failures_of(row)],
            side=[course_of(row)],
        )


def _count(number: int) -> SafeString:
    return format_html('<span class="c-money">{}</span>', f"{number:,}")


def outcome_of(row: BillingRun) -> Table:
    done = max(1, done_of(row))
    parts = (
        ("Renewed", row.renewed, "charged, access goes on"),
        ("Declined", row.declined, "past due, tried again by the schedule"),
        ("Waiting", row.waiting, "the gateway has not answered"),
        ("Ended", row.ended, "cancelled, given, or all tries used up"),
        ("Failed", row.failed, "an error of ours, left for the next run"),
    )
    return Table(
        "What became of them",
        [
            Cell("Outcome"),
            Cell("Subscriptions", number=True),
            Cell("Share", number=True),
            Cell("Meaning"),
        ],
        [[name, f"{n:,}", f"{n * 100 / done:.1f} %", meaning] for name, n, meaning in parts],
        totals=[["All", f"{done_of(row):,}", "", f"{row.due:,} were due when it began"]],
        empty="",
    )


def failures_of(row: BillingRun) -> Table:
    found = BillingFailure.objects.filter(run=row).order_by("id")[:MOST_FAILURES]
    return Table(
        f"Failures, the first {MOST_FAILURES}" if row.failed > MOST_FAILURES else "Failures",
        [Cell("Subscription"), Cell("When"), Cell("Code"), Cell("Reason")],
        [
            [
                change_link(
                    "subscriptions_subscription",
                    failure.subscription_id,
                    f"#{failure.subscription_id}",
                ),
                when(failure.at),
                change_link("subscriptions_billingfailure", failure.pk, failure.code),
                failure.reason,
            ]
            for failure in found
        ],
        empty="None: everything that was due was dealt with.",
    )


def course_of(row: BillingRun) -> Facts:
    end = row.ended_at or row.worked_at
    seconds = max((end - row.started_at).total_seconds(), 0.001)
    return Facts(
        "Course",
        [
            Fact("Began", when(row.started_at)),
            Fact("Last did something", when(row.worked_at)),
            Fact("Ended", when(row.ended_at, absent="still running")),
            Fact("Took", f"{seconds:,.0f} s"),
            Fact("A second", f"{done_of(row) / seconds:,.0f}" if seconds >= 1 else "too short"),
            Fact("Public id", format_html('<span class="c-mono">{}</span>', row.public_id)),
        ],
    )


QUEUES = QueueFilter.of(
    open=Queue("Not billed since", lambda _by: Q(pk__in=open_failures().values("pk")))
)


@admin.register(BillingFailure)
class BillingFailureAdmin(ConsoleAdmin):
    list_display = ("number", "code", "of", "who", "happened", "in_run")
    list_display_links = ("number",)
    list_filter = (QUEUES, DaysFilter.on("at"))
    list_select_related = ("subscription__fan", "subscription__creator", "run")
    search_fields = ("code",)
    search_help_text = "Number of the subscription"
    intro = "Subscriptions that could not be billed for a reason that is ours; read their runbook."
    empty_title = "No billing failures"
    empty_text = "What a run can't bill because of an error of ours appears here."
    icon = "report"
    verbs = (AGAIN,)

    def matching(self, term: str) -> Q | None:
        number = as_id(term)
        return Q(subscription_id=number) if number is not None else None

    @admin.display(description="Number")
    def number(self, row: BillingFailure) -> str:
        return f"#{row.pk}"

    @admin.display(description="Subscription")
    def of(self, row: BillingFailure) -> SafeString:
        return change_link(
            "subscriptions_subscription", row.subscription_id, f"#{row.subscription_id}"
        )

    @admin.display(description="Fan to creator")
    def who(self, row: BillingFailure) -> str:
        return f"@{row.subscription.fan.handle} to @{row.subscription.creator.handle}"

    @admin.display(description="Happened")
    def happened(self, row: BillingFailure) -> SafeString:
        return when(row.at)

    @admin.display(description="Run")
    def in_run(self, row: BillingFailure) -> SafeString:
        return change_link("subscriptions_billingrun", row.run_id, f"#{row.run_id}")

    def page(self, request: HttpRequest, row: BillingFailure) -> Page:
        return Page(
            title=f"Billing failure #{row.pk}",
            subtitle=self.who(row),
            state=state("FAILED", row.code),
            main=[
                Facts(
                    "What went wrong",
                    [
                        Fact("Subscription", self.of(row)),
                        Fact("Run", self.in_run(row)),
                        Fact("When", when(row.at)),
                        Fact("Code", row.code),
                        Fact("Reason", row.reason or "none was given"),
                        Fact("Looked at again", when(row.subscription.due_at, absent="never")),
                    ],
                )
            ],
        )
