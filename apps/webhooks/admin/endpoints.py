"""Console pages of the addresses front ends are told at."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.clusters.models import Cluster
from apps.core.admin import (
    Asked,
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    Verb,
    Way,
    ask,
    change_link,
    state,
    when,
)
from apps.webhooks import selectors
from apps.webhooks import services as webhooks
from apps.webhooks.admin.sendings import in_words
from apps.webhooks.choices import EndpointState, Kind
from apps.webhooks.models import Endpoint

MANAGE = "webhooks.manage_endpoint"
OPEN = Asked(
    title="Open an endpoint",
    lead="An address of a brand's front end. It is told what you choose, signed as Standard "
    "Webhooks says; the secret is shown once, right after this.",
    button="Open the endpoint",
    permission=MANAGE,
)
_OFFERED = [(value, label) for value, label in Kind.choices if value != Kind.TEST]


class KindsForm(forms.Form):
    kinds = forms.MultipleChoiceField(
        label="Tell it when", choices=_OFFERED, widget=forms.CheckboxSelectMultiple
    )


class EndpointForm(KindsForm):
    """What a new endpoint needs."""

    cluster = forms.ModelChoiceField(Cluster.objects.order_by("position"), label="Brand")
    url = forms.CharField(max_length=500, label="Address", help_text="https://…")
    description = forms.CharField(max_length=120, required=False, label="What it is for")
    field_order = ("cluster", "url", "description", "kinds")


def pause_refusal(row: Endpoint, _by: Any) -> str:
    return "" if row.state == EndpointState.ACTIVE else "it is not active."


def resume_refusal(row: Endpoint, _by: Any) -> str:
    return "it is active." if row.state == EndpointState.ACTIVE else ""


def pause_run(row: Endpoint, by: Any, reason: str) -> str:
    webhooks.pause_endpoint(endpoint_id=row.pk, by=by, reason=reason)
    return "Paused. What happens meanwhile waits and is sent when it is resumed."


def resume_run(row: Endpoint, by: Any, reason: str) -> str:
    webhooks.resume_endpoint(endpoint_id=row.pk, by=by, reason=reason)
    return "Active. What waited is sent within seconds."


def rotate_run(row: Endpoint, by: Any, reason: str) -> str:
    secret = webhooks.rotate_secret(endpoint_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"The new secret, shown only now: {secret} (the old one signs beside it for a day)."


def test_run(row: Endpoint, by: Any, reason: str) -> str:
    webhooks.send_test(endpoint_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "A trial message is on its way; its answer shows below in a moment."


def change_preview(row: Endpoint, _by: Any) -> str:
    return f"Told now: {', '.join(row.kinds)}."


def change_run(row: Endpoint, by: Any, reason: str, *, kinds: list[str]) -> str:
    webhooks.change_endpoint(endpoint_id=row.pk, kinds=kinds, by=by, reason=reason)
    return "It is told what you chose from now on."


@admin.register(Endpoint)
class EndpointAdmin(ConsoleAdmin):
    list_display = ("address_shown", "brand", "word", "kinds_told", "failing")
    list_display_links = ("address_shown",)
    list_filter = ("state", "cluster")
    list_select_related = ("cluster",)
    icon = "share"
    list_title = "Webhook endpoints"
    intro = "Addresses of the brands' front ends that are told what happens."
    empty_title = "No endpoints yet"
    empty_text = "Open one, and a front end no longer needs to ask again and again."
    verbs = (
        Verb("test", "Send a trial", MANAGE, lambda row, _: f"Sends endpoint.test to {row.url}.",
             test_run, pause_refusal, icon="send", is_quiet=True),
        Verb("change", "Choose events", MANAGE, change_preview,
             change_run, icon="tune", form=KindsForm),
        Verb("rotate", "New secret", MANAGE,
             lambda row, _: "Makes a new secret; the old one signs beside it for 24 hours.",
             rotate_run, icon="key"),
        Verb("pause", "Pause", MANAGE, lambda row, _: f"Sends nothing to {row.url} for now.",
             pause_run, pause_refusal, icon="pause", is_quiet=True),
        Verb("resume", "Resume", MANAGE, lambda row, _: f"Sends to {row.url} again.",
             resume_run, resume_refusal, icon="play_arrow", is_quiet=True),
    )  # fmt: skip

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(OPEN.permission):
            return []
        return [Way(OPEN.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        new = path("new/", gate(self.new_view), name="webhooks_endpoint_new")
        return [new, *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Open an endpoint and show its secret, once."""

        def run(given: dict[str, Any], by: Any) -> str:
            _, secret = webhooks.open_endpoint(**given, by=by, now=timezone.now())
            return f"Open. Its secret, shown only now: {secret}"

        return ask(self, request, OPEN, form=EndpointForm, run=run)

    @admin.display(description="Address")
    def address_shown(self, row: Endpoint) -> str:
        return row.url

    @admin.display(description="Brand")
    def brand(self, row: Endpoint) -> str:
        return row.cluster.name

    @admin.display(description="State")
    def word(self, row: Endpoint) -> SafeString:
        return state(row.state, row.get_state_display())

    @admin.display(description="Told")
    def kinds_told(self, row: Endpoint) -> str:
        return ", ".join(row.kinds)

    @admin.display(description="Failing since")
    def failing(self, row: Endpoint) -> Any:
        return when(row.failing_since) if row.failing_since else ""

    def page(self, request: HttpRequest, row: Endpoint) -> Page:
        return Page(
            title=row.url,
            state=self.word(row),
            subtitle=row.description or str(row.cluster),
            main=[
                Table(
                    "Newest messages",
                    [Cell("Message"), Cell("State"), Cell("Attempts", number=True),
                     Cell("Answer"), Cell("Made")],
                    [
                        [
                            change_link("webhooks_sending", each.pk, each.message.kind),
                            state(each.state, each.get_state_display()),
                            each.attempts,
                            in_words(each.last_answer),
                            when(each.message.created_at),
                        ]
                        for each in selectors.newest_of(row)
                    ],
                    empty="Nothing was sent yet. Send a trial.",
                )
            ],
            side=[
                Facts(
                    "Endpoint",
                    [
                        Fact("Brand", row.cluster),
                        Fact("Told", self.kinds_told(row)),
                        Fact("Opened", when(row.opened_at)),
                        Fact("Failing since", self.failing(row) or "it answers"),
                        Fact(
                            "Old secret signs until",
                            when(row.old_secret_until) if row.old_secret_until else "none",
                        ),
                    ],
                )
            ],
        )  # fmt: skip
