"""Console pages of entitlements: who may see what, since when and why."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.accounts.models import Profile
from apps.accounts.selectors import people_named
from apps.core.admin import (
    Asked,
    ConsoleAdmin,
    Event,
    Fact,
    Facts,
    Page,
    Timeline,
    Verb,
    Way,
    as_id,
    ask_with,
    change_link,
    source_link,
    state,
    when,
)
from apps.finance.entitlements import services as entitlements
from apps.finance.entitlements.choices import Change
from apps.finance.entitlements.models import Entitlement
from apps.finance.entitlements.selectors import held_of, history_of

GRANT = Asked(
    "Grant access",
    "A fan sees what a creator's plans include, until the day you choose. Nothing is charged.",
    "Grant access",
    "entitlements.grant_entitlement",
)
TONES = {
    Change.GRANTED: "success",
    Change.RESTORED: "success",
    Change.CHANGED: "info",
    Change.WITHDRAWN: "danger",
}


class GrantForm(forms.Form):
    fan = forms.IntegerField(label="Fan's profile number", min_value=1)
    creator = forms.IntegerField(label="Creator's profile number", min_value=1)
    tier = forms.IntegerField(
        label="Tier", min_value=0, max_value=32_767, initial=0, help_text="0 is the lowest."
    )
    until = forms.DateField(
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="It ends with this day, in UTC.",
    )
    reason = forms.CharField(label="Reason", max_length=200)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def clean_fan(self) -> Profile:
        return self.profile("fan")

    def clean_creator(self) -> Profile:
        return self.profile("creator")

    def profile(self, name: str) -> Profile:
        number: int = self.cleaned_data[name]
        found = Profile.objects.select_related("cluster").filter(pk=number).first()
        if found is None:
            raise forms.ValidationError("There is no profile by this number.")
        return found


def live_word(row: Entitlement, now: datetime) -> SafeString:
    if row.withdrawn_at is not None:
        return state("REVERSED", "Withdrawn")
    if held_of(row).is_live(now):
        return state("ACTIVE", "Open")
    return state("PENDING", "Not begun") if row.from_at > now else state("CLOSED", "Ended")


def withdraw_refusal(row: Entitlement, _by: Any) -> str:
    return "it is withdrawn already." if row.withdrawn_at is not None else ""


def withdraw_preview(row: Entitlement, _by: Any) -> str:
    return (
        f"{row.profile} no longer sees what {row.source} opened, at once."
        " What opened it may open it again: a renewal does, so end that first."
    )


def withdraw_run(row: Entitlement, by: Any, reason: str) -> str:
    entitlements.withdraw_by_staff(entitlement_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Withdrawn."


@admin.register(Entitlement)
class EntitlementAdmin(ConsoleAdmin):
    list_display = ("number", "fan", "to", "what", "word", "until", "source")
    list_display_links = ("number",)
    list_filter = ("scope",)
    list_select_related = ("profile", "creator", "cluster")
    search_fields = ("source",)
    search_help_text = "Source, @handle, e-mail address or number"
    intro = "Who may see what, until when, and from which source."
    empty_text = "Subscriptions, purchases and gifts open access; it appears here."
    icon = "key"
    verbs = (
        Verb(
            name="withdraw",
            label="Withdraw",
            permission="entitlements.withdraw_entitlement",
            preview=withdraw_preview,
            refusal=withdraw_refusal,
            run=withdraw_run,
            danger=True,
            icon="block",
        ),
    )

    def matching(self, term: str) -> Q:
        number = as_id(term)
        if number is not None:
            return Q(pk=number)
        if ":" in term:
            return Q(source=term)
        return Q(profile__in=people_named(term))

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(GRANT.permission):
            return []
        return [Way(GRANT.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        return [
            path("new/", gate(self.new_view), name="entitlements_entitlement_new"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Grant access by hand."""
        form = GrantForm(request.POST or None)

        def do(by: Any) -> HttpResponse:
            asked = form.cleaned_data
            row = entitlements.grant_by_staff(
                profile=asked["fan"],
                creator=asked["creator"],
                until_at=datetime.combine(asked["until"], time.min, UTC) + timedelta(days=1),
                tier=asked["tier"],
                key=asked["key"],
                by=by,
                reason=asked["reason"],
                now=timezone.now(),
            )
            self.message_user(request, f"{row.profile} may see it now.", messages.SUCCESS)
            return HttpResponseRedirect(self.address("change", row.pk))

        return ask_with(self, request, GRANT, form=form, do=do)

    @admin.display(description="No.")
    def number(self, row: Entitlement) -> str:
        return f"#{row.pk}"

    @admin.display(description="Fan")
    def fan(self, row: Entitlement) -> SafeString:
        return change_link("accounts_profile", row.profile_id, row.profile)

    @admin.display(description="Creator")
    def to(self, row: Entitlement) -> SafeString:
        return change_link("accounts_profile", row.creator_id, row.creator)

    @admin.display(description="What")
    def what(self, row: Entitlement) -> str:
        return row.item or f"Plans up to tier {row.tier}"

    @admin.display(description="State")
    def word(self, row: Entitlement) -> SafeString:
        return live_word(row, timezone.now())

    @admin.display(description="Until")
    def until(self, row: Entitlement) -> SafeString:
        return when(row.until_at, "no end")

    def page(self, request: HttpRequest, row: Entitlement) -> Page:
        return Page(
            title=f"Access of {row.profile}",
            subtitle=f"Entitlement {row.pk} on {row.cluster.name}",
            state=self.word(row),
            main=[
                Timeline(
                    "What happened",
                    [
                        Event(
                            each.at,
                            each.get_change_display(),
                            str(each.by) if each.by else "platform",
                            _told(each),
                            TONES[Change(each.change)],
                        )
                        for each in history_of(row.source)
                    ],
                )
            ],
            side=[
                Facts(
                    "Access",
                    [
                        Fact("Fan", self.fan(row)),
                        Fact("Creator", self.to(row)),
                        Fact("What", self.what(row)),
                        Fact("Source", source_link(row.source)),
                        Fact("From", when(row.from_at)),
                        Fact("Until", self.until(row)),
                        Fact("Withdrawn", when(row.withdrawn_at, "no")),
                        Fact("Why", row.withdrawn_why or "none"),
                    ],
                )
            ],
        )


def _told(change: Any) -> str:
    end = f"until {change.until_at:%d %b %Y, %H:%M} UTC" if change.until_at else "without an end"
    return ", ".join(filter(None, [change.why, f"tier {change.tier}", end]))
