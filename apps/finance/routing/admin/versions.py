"""Console pages of the versions of routing rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    Asked,
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    Way,
    ask,
    change_link,
    progress,
    state,
    when,
)
from apps.core.errors import DomainError
from apps.finance.routing import selectors
from apps.finance.routing import services as routing
from apps.finance.routing.admin.forms import FIELDS, SPARE, RuleForm, TitleForm, filled_with
from apps.finance.routing.admin.shown import conditions, deed
from apps.finance.routing.admin.version_verbs import ACTIVATE, COPY, DISCARD, REPLAY
from apps.finance.routing.choices import VersionStatus
from apps.finance.routing.models import Replay, Rule, RuleSet

NEW = Asked(
    title="Write a new version",
    lead="It begins empty and decides nothing until another person activates it. To change what"
    " decides now, copy the active version instead.",
    button="Begin the draft",
    permission="routing.edit_rules",
)
_DIFF_TONES = {"ADDED": "ACTIVE", "REMOVED": "REJECTED", "CHANGED": "PENDING"}


@dataclass(frozen=True, slots=True)
class RuleLines:
    """The rules of a version in their order, with buttons while it is a draft."""

    title: str
    rules: list[dict[str, Any]]
    is_draft: bool
    empty: str = "No rules yet: the cheapest account that can take a payment gets it."
    template: str = field(default="admin/routing/rules.html")


@admin.register(RuleSet)
class RuleSetAdmin(ConsoleAdmin):
    list_display = ("number", "title", "word", "rules_in_it", "writer", "edited", "since")
    list_display_links = ("number", "title")
    list_filter = ("status",)
    list_select_related = ("created_by", "activated_by", "based_on")
    ordering = ("-number",)
    intro = "Which account takes a payment is decided by the active version. A draft is written by"
    intro += " one person and activated by another; to roll back, copy an old version."
    empty_title = "No versions"
    empty_text = "Without one the cheapest account that can take a payment gets it."
    verbs = (ACTIVATE, COPY, REPLAY, DISCARD)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuleSet]:
        rows: QuerySet[RuleSet] = super().get_queryset(request)
        return rows.annotate(rule_count=Count("rules"))

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(NEW.permission):
            return []
        return [Way(NEW.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate, name = self.admin_site.admin_view, "routing_ruleset"
        return [
            path("new/", gate(self.new_view), name=f"{name}_new"),
            path("<int:pk>/rule/", gate(self.rule_view), name=f"{name}_add_rule"),
            path("<int:pk>/rule/<int:rule_id>/", gate(self.rule_view), name=f"{name}_rule"),
            path(
                "<int:pk>/rule/<int:rule_id>/<slug:act>/",
                gate(self.act_view),
                name=f"{name}_rule_act",
            ),
            *super().get_urls(),
        ]

    # --- Writing --------------------------------------------------------------------------

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Begin an empty draft."""

        def run(given: dict[str, Any], by: Any) -> str:
            draft = routing.create_draft(title=given["title"], by=by, now=timezone.now())
            return f"Version {draft.number} is a draft: open it and write its rules."

        return ask(self, request, NEW, form=TitleForm, run=run)

    def rule_view(self, request: HttpRequest, pk: int, rule_id: int | None = None) -> HttpResponse:
        """Show a rule's form; on POST keep it, or say at the field what is wrong (422)."""
        if not request.user.has_perm("routing.edit_rules"):
            raise PermissionDenied
        version, rule = _version_and_rule(pk, rule_id)
        planned = rule.planned if rule else None
        lines = max(SPARE, (len(planned.shares) if planned else 0) + 2)
        form = RuleForm(
            request.POST or None, initial=filled_with(planned) if planned else None, lines=lines
        )
        wrong = ""
        if request.method == "POST" and form.is_valid():
            wrong = self.keep_rule(request, version, rule, form)
            if not wrong and not form.errors:
                return HttpResponseRedirect(self.address("change", pk))
        context = {
            "title": f"Rule {rule.position}" if rule else "Add a rule",
            "form": form,
            "wrong": wrong,
            "back": self.address("change", pk),
            "back_label": str(version),
            "button": "Keep the rule" if rule else "Add the rule",
        }
        status = 422 if wrong or form.errors else 200
        return self.drawn(request, "admin/routing/rule_form.html", context, status=status)

    def keep_rule(
        self, request: HttpRequest, version: RuleSet, rule: Rule | None, form: RuleForm
    ) -> str:
        """Have the service keep it; what it refuses goes to the field it names."""
        wish: dict[str, Any] = {"by": request.user, "now": timezone.now()}
        try:
            if rule:
                routing.change_rule(rule_id=rule.pk, rule=form.rule(), **wish)
            else:
                routing.add_rule(rule_set_id=version.pk, rule=form.rule(), **wish)
        except DomainError as error:
            named = str(error.facts.get("field", ""))
            name = FIELDS.get(named, named)
            if name in form.fields:
                form.add_error(name, str(error.facts["why"]))
                return ""
            return str(error.facts.get("why") or error)
        self.message_user(request, "Kept.", messages.SUCCESS)
        return ""

    def act_view(self, request: HttpRequest, pk: int, rule_id: int, act: str) -> HttpResponse:
        """Move a rule up or down, or remove it."""
        if not request.user.has_perm("routing.edit_rules"):
            raise PermissionDenied
        _version_and_rule(pk, rule_id)
        if request.method != "POST" or act not in {"up", "down", "remove"}:
            raise Http404
        wish: dict[str, Any] = {"rule_id": rule_id, "by": request.user, "now": timezone.now()}
        try:
            if act == "remove":
                routing.remove_rule(**wish)
            else:
                routing.move_rule(up=act == "up", **wish)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(self.address("change", pk))

    # --- List -----------------------------------------------------------------------------

    @admin.display(description="State")
    def word(self, row: RuleSet) -> SafeString:
        return state(row.status, row.get_status_display())

    @admin.display(description="Rules")
    def rules_in_it(self, row: RuleSet) -> int:
        return int(getattr(row, "rule_count", 0))

    @admin.display(description="Begun by")
    def writer(self, row: RuleSet) -> str:
        return str(row.created_by)

    @admin.display(description="Changed")
    def edited(self, row: RuleSet) -> SafeString:
        return when(row.edited_at)

    @admin.display(description="Active from")
    def since(self, row: RuleSet) -> SafeString:
        return when(row.activated_at)

    # --- Page -----------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not unquote(object_id).isdigit():
            raise Http404
        return super().change_view(request, object_id, form_url, extra_context)

    def page(self, request: HttpRequest, row: RuleSet) -> Page:
        labels = selectors.labels_of()
        may_edit = row.status == VersionStatus.DRAFT and request.user.has_perm(NEW.permission)
        main: list[Any] = [_rule_lines(row, labels, may_edit=may_edit)]
        if row.status == VersionStatus.DRAFT:
            main.append(_diff(row, labels))
        main.append(_replays(row))
        ways = [Way("Add a rule", self.address("add_rule", row.pk))] if may_edit else []
        return Page(
            title=str(row),
            subtitle="Routing rules",
            state=self.word(row),
            notice=f"A draft decides nothing. You read revision {row.revision}."
            if row.status == VersionStatus.DRAFT
            else "",
            ways=ways,
            main=main,
            side=[_record(row)],
        )


def _version_and_rule(pk: int, rule_id: int | None) -> tuple[RuleSet, Rule | None]:
    version = RuleSet.objects.filter(pk=pk).first()
    rule = Rule.objects.filter(pk=rule_id, rule_set_id=pk).first() if rule_id else None
    if version is None or (rule_id and rule is None):
        raise Http404
    return version, rule


def _rule_lines(row: RuleSet, labels: dict[int, str], *, may_edit: bool) -> RuleLines:
    rules = list(row.rules.order_by("position"))
    shown = [
        {
            "position": rule.position,
            "name": rule.name,
            "when": conditions(rule.planned),
            "deed": deed(rule.planned, labels),
            "edit": reverse("admin:routing_ruleset_rule", args=[row.pk, rule.pk]),
            "act": {
                act: reverse("admin:routing_ruleset_rule_act", args=[row.pk, rule.pk, act])
                for act in ("up", "down", "remove")
            },
            "is_first": rule.position == 1,
            "is_last": rule.position == len(rules),
        }
        for rule in rules
    ]
    return RuleLines("Rules, from the top", shown, is_draft=may_edit)


def _diff(row: RuleSet, labels: dict[int, str]) -> Table:
    found = selectors.diff(selectors.active_plan().rules, selectors.plan_of(row.pk).rules)
    return Table(
        "What it changes in the active version",
        [Cell("Change"), Cell("Rule"), Cell("Now"), Cell("Then")],
        [
            [
                state(_DIFF_TONES.get(one.word, one.word), one.word.capitalize()),
                (one.new or one.old).name,  # type: ignore[union-attr]
                f"{conditions(one.old)}: {deed(one.old, labels)}" if one.old else "",
                f"{conditions(one.new)}: {deed(one.new, labels)}" if one.new else "",
            ]
            for one in found
            if one.word != "SAME"
        ],
        empty="Nothing: both have the same rules.",
    )


def _replays(row: RuleSet) -> Table:
    replays = Replay.objects.filter(rule_set=row).order_by("-id")[:10]
    return Table(
        "Replays",
        [
            Cell("Asked"),
            Cell("State"),
            Cell("Payments", number=True),
            Cell("Would change", number=True),
        ],
        [
            [
                change_link("routing_replay", one.pk, f"{one.asked_at:%Y-%m-%d %H:%M}"),
                progress(one),
                f"{one.counted:,}",
                f"{one.changed:,}",
            ]
            for one in replays
        ],
        empty="Replay the payments of the last week to see what it would change.",
    )


def _record(row: RuleSet) -> Facts:
    writers = ", ".join(str(one.user) for one in row.editors.select_related("user")[:20])
    based_on = row.based_on
    return Facts(
        "Record",
        [
            Fact("Revision", row.revision),
            Fact(
                "Copied from",
                change_link("routing_ruleset", based_on.pk, based_on) if based_on else "nothing",
            ),
            Fact("Begun", when(row.created_at)),
            Fact("Written by", writers),
            Fact("Active from", when(row.activated_at)),
            Fact("Activated by", row.activated_by or "nobody yet"),
            Fact("Why", row.activation_reason or "none given yet"),
            Fact("Retired", when(row.retired_at, "not retired")),
        ],
    )
