"""The schedule of tries in the console: what holds, what held, and what is to hold."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.clusters.models import Cluster
from apps.core.admin import (
    Asked,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Way,
    ask_with,
    state,
    when,
)
from apps.finance.subscriptions.models import DunningPolicy
from apps.finance.subscriptions.rules.dunning import MOST_GRACE_DAYS, Policy, problem_of
from apps.finance.subscriptions.selectors.policies import all_policies, policies
from apps.finance.subscriptions.services.policy import REASON_LENGTH, set_dunning_policy

SET = Asked(
    title="Set a schedule",
    lead="From a day on, for charges that fail from then on. You see what it means before it is "
    "set.",
    button="See what it means",
    permission="subscriptions.set_dunning_policy",
)


class DaysField(forms.CharField):
    """Days after the first failure, as people write them: ``1, 3, 7, 14``."""

    def clean(self, value: Any) -> list[int]:
        text = super().clean(value).replace(",", " ")
        words = text.split()
        if not all(word.isascii() and word.isdecimal() and len(word) < 4 for word in words):  # noqa: PLR2004 - a thousand is no day of a month
            raise forms.ValidationError("Write days like 1, 3, 7, 14.")
        return [int(word) for word in words]


class PolicyForm(forms.Form):
    """A schedule; ``seen`` is filled in by the page that says what it means."""

    cluster = forms.ModelChoiceField(
        Cluster.objects.order_by("position"),
        required=False,
        label="Brand",
        empty_label="Every brand without a schedule of its own",
    )
    days = DaysField(
        max_length=100,
        required=False,
        label="Tried again on these days",
        help_text="Days after the first failure, rising, 1 to 30: 1, 3, 7, 14. Empty: never.",
    )
    grace_days = forms.IntegerField(
        min_value=0,
        max_value=MOST_GRACE_DAYS,
        initial=3,
        label="Days of grace",
        help_text="Access goes on for so long after what is paid, apart from the tries.",
    )
    since = forms.DateField(
        label="From the day",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="It begins at midnight UTC; tomorrow at the earliest.",
    )
    reason = forms.CharField(max_length=REASON_LENGTH, label="Why, or who decided it")
    seen = forms.CharField(max_length=1, required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "days" in given and "grace_days" in given:
            problem = problem_of(given["days"], given["grace_days"])
            if problem:
                self.add_error("days", problem)
        return given

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.cleaned_data["since"], time.min, UTC)


def days_text(days: list[int] | tuple[int, ...]) -> str:
    """Write ``1, 3, 7 and 14``."""
    *first, last = [str(day) for day in days] or ["none"]
    return f"{', '.join(first)} and {last}" if first else last


def meaning_of(policy: Policy) -> str:
    """Say what a schedule does to a charge that fails."""
    if not policy.days:
        return (
            "a failed charge is never tried again by itself, and what is unpaid ends once the "
            f"{policy.grace_days} days of grace are over"
        )
    end = max(policy.days[-1], policy.grace_days)
    return (
        f"a failed charge is tried again {days_text(policy.days)} days after the first failure, "
        f"{1 + len(policy.days)} charges in all (networks allow 15 in 30 days), access goes on "
        f"{policy.grace_days} days, and what is still unpaid ends {end} days after"
    )


@admin.register(DunningPolicy)
class DunningPolicyAdmin(ConsoleAdmin):
    list_display = ("brand", "tries", "grace", "since", "word")
    list_display_links = ("brand",)
    list_filter = (("cluster", admin.RelatedFieldListFilter),)
    list_select_related = ("cluster",)
    ordering = ("-effective_from", "-id")
    list_title = "Schedules of tries"
    intro = "When failed charges are tried again, by brand and day. A row is never edited."
    empty_title = "No schedule is set"
    empty_text = "Until one is: " + meaning_of(Policy()) + "."
    icon = "event_repeat"

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(SET.permission):
            return []
        return [Way(SET.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        new = path(
            "new/",
            self.admin_site.admin_view(self.new_view),
            name="subscriptions_dunningpolicy_new",
        )
        return [new, *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a schedule, say what it means, and set it."""
        form = PolicyForm(request.POST or None)

        def do(by: Any) -> HttpResponse:
            return (
                self._set(request, form, by)
                if form.cleaned_data["seen"]
                else self._seen(request, form)
            )

        return ask_with(self, request, SET, form=form, do=do)

    def _seen(self, request: HttpRequest, form: PolicyForm) -> HttpResponse:
        """Say what it means; the same answers go on, out of sight."""
        given = form.cleaned_data
        brand = given["cluster"]
        now = policies(now=timezone.now())
        holds = now.of(brand.pk) if brand else now.own.get(None, Policy())
        policy = Policy(tuple(given["days"]), given["grace_days"])
        shown = PolicyForm({**request.POST.dict(), "seen": "1"})
        for field in shown.fields.values():
            field.widget = field.hidden_widget()
        context = {
            "title": f"Set it on {brand.name if brand else 'every brand without its own'}?",
            "lead": f"From {form.begins:%d %b %Y, %H:%M} UTC: {meaning_of(policy)}. What is past "
            "due then keeps the try it waits for, and goes by the new days if that fails. Now: "
            f"{meaning_of(holds)}.",
            "button": "Set the schedule",
            "form": shown,
            "back": self.address("changelist"),
            "back_label": self.list_title,
        }
        return self.drawn(request, "admin/console/form.html", context, status=200)

    def _set(self, request: HttpRequest, form: PolicyForm, by: Any) -> HttpResponse:
        given = form.cleaned_data
        row = set_dunning_policy(
            cluster=given["cluster"],
            days=given["days"],
            grace_days=given["grace_days"],
            effective_from=form.begins,
            by=by,
            reason=given["reason"],
            now=timezone.now(),
        )
        self.message_user(
            request, f"It holds from {row.effective_from:%d %b %Y} on.", messages.SUCCESS
        )
        return HttpResponseRedirect(self.address("changelist"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[DunningPolicy]:
        del request
        return all_policies(now=timezone.now())

    @admin.display(description="Brand")
    def brand(self, row: DunningPolicy) -> str:
        return row.cluster.name if row.cluster else "every brand without its own"

    @admin.display(description="Tried again, days after")
    def tries(self, row: DunningPolicy) -> str:
        return days_text(row.days)

    @admin.display(description="Days of grace")
    def grace(self, row: DunningPolicy) -> int:
        return row.grace_days

    @admin.display(description="From")
    def since(self, row: DunningPolicy) -> SafeString:
        return when(row.effective_from)

    @admin.display(description="State")
    def word(self, row: DunningPolicy) -> SafeString:
        if row.effective_from > timezone.now():
            return state("PENDING", "To come")
        was = getattr(row, "is_replaced", False)
        return state("CLOSED", "Was") if was else state("OK", "Holds")

    def page(self, request: HttpRequest, row: DunningPolicy) -> Page:
        policy = Policy(tuple(row.days), row.grace_days)
        return Page(
            title=f"Tries after {days_text(row.days)} days",
            subtitle=f"Schedule of {self.brand(row)}",
            state=self.word(row),
            main=[
                Facts(
                    "What it does",
                    [
                        Fact("Tried again", f"{days_text(row.days)} days after the first failure"),
                        Fact("Charges in all", 1 + len(row.days)),
                        Fact("Days of grace", row.grace_days),
                        Fact("From", when(row.effective_from)),
                        Fact("In words", meaning_of(policy)),
                    ],
                )
            ],
        )
