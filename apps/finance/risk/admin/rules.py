"""Console pages of risk rules: written into the shadow, tested, made live by another."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

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
    ask_with,
    change_link,
    when,
)
from apps.finance.risk import services as risk
from apps.finance.risk.admin.forms import RULE_FORMS, DaysForm
from apps.finance.risk.admin.shown import asks, status
from apps.finance.risk.choices import RuleKind, RuleStatus
from apps.finance.risk.models import BackTest, RiskRule

LEAD = (
    "It goes into the shadow: counted beside the live rules and followed by nobody, until it was"
    " tested and another person makes it live."
)


def live_refusal(row: RiskRule, by: Any) -> str:
    if row.status != RuleStatus.SHADOW:
        return "it is not in shadow."
    return "you wrote it: another person makes it live." if row.by_id == by.pk else ""


def live_run(row: RiskRule, by: Any, reason: str) -> str:
    risk.make_rule_live(rule_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Live: it counts from the next payment on."


MAKE_LIVE = Verb(
    name="live",
    label="Make live",
    permission="risk.make_live",
    preview=lambda row, _by: (
        f"{row} adds {row.score} to the score of payments: {asks(row.kind, row.params)}."
        " The live version of the rule is retired."
    ),
    refusal=live_refusal,
    run=live_run,
    icon="play_arrow",
    help="Test it on past payments first.",
)


def retire_run(row: RiskRule, by: Any, reason: str) -> str:
    risk.retire_rule(rule_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Retired: it counts no more."


RETIRE = Verb(
    name="retire",
    label="Retire",
    permission="risk.write_rules",
    preview=lambda row, _by: f"{row} counts no more, neither live nor in shadow.",
    refusal=lambda row, _by: "it is." if row.status == RuleStatus.RETIRED else "",
    run=retire_run,
    danger=True,
    icon="block",
    is_quiet=True,
)


def back_test_run(row: RiskRule, by: Any, _reason: str, days: int) -> str:
    test = risk.ask_back_test(rule_id=row.pk, days=days, by=by, now=timezone.now())
    return f"Test {test.pk} has begun: its page shows how far it is."


TEST = Verb(
    name="test",
    label="Test on past payments",
    permission="risk.run_back_test",
    preview=lambda row, _by: (
        f"Judges the payments of the last days again as if {row} were live, and adds up which"
        " chargebacks it would have caught and which good payments it would have refused."
    ),
    refusal=lambda row, _by: "" if row.status == RuleStatus.SHADOW else "it is not in shadow.",
    run=back_test_run,
    form=DaysForm,
    icon="experiment",
    is_quiet=True,
)


@admin.register(RiskRule)
class RiskRuleAdmin(ConsoleAdmin):
    list_display = ("code", "number", "condition", "score", "word", "writer", "since")
    list_display_links = ("code",)
    list_filter = ("status", "kind")
    list_select_related = ("by", "live_by")
    ordering = ("code", "-version")
    intro = (
        "Each rule that applies adds its score to a payment's. Rules in shadow are only counted."
    )
    empty_title = "No rules, so every payment is allowed"
    empty_text = "Write one into the shadow, test it, and have another person make it live."
    verbs = (MAKE_LIVE, TEST, RETIRE)

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm("risk.write_rules"):
            return []
        return [Way("Write a rule", self.address("kinds"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate, name = self.admin_site.admin_view, "risk_riskrule"
        return [
            path("new/", gate(self.kinds_view), name=f"{name}_kinds"),
            path("new/<slug:kind>/", gate(self.new_view), name=f"{name}_new"),
            *super().get_urls(),
        ]

    def kinds_view(self, request: HttpRequest) -> HttpResponse:
        """Ask first which kind of rule."""
        if not request.user.has_perm("risk.write_rules"):
            raise PermissionDenied
        page = Page(
            title="Write a rule",
            subtitle="Risk",
            main=[
                Table(
                    "What should it look at?",
                    [Cell("Kind"), Cell("For example")],
                    [[_kind_link(kind), _EXAMPLES[kind]] for kind in RuleKind],
                    empty="",
                )
            ],
        )
        context = {"title": page.title, "page": page, "verbs": []}
        return self.drawn(request, "admin/console/detail.html", context)

    def new_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Write a rule of a kind, empty or from another version (``?from=<id>``)."""
        if kind not in RuleKind.values:
            raise Http404
        form_class = RULE_FORMS[RuleKind(kind)]
        number = request.GET.get("from", "")
        old = RiskRule.objects.filter(pk=number, kind=kind) if number.isdigit() else None
        first = old.first() if old is not None else None
        initial = (
            {"code": first.code, "score": first.score, **form_class.filled_with(first.params)}
            if first
            else None
        )
        form = form_class(request.POST or None, initial=initial)

        def do(by: Any) -> HttpResponse:
            given = form.cleaned_data
            rule = risk.write_rule(
                code=given["code"],
                kind=kind,
                score=given["score"],
                params=form.params(),
                by=by,
                reason=given["reason"],
                now=timezone.now(),
            )
            self.message_user(request, f"{rule} runs in shadow.", messages.SUCCESS)
            return HttpResponseRedirect(self.address("change", rule.pk))

        words = Asked(RuleKind(kind).label, LEAD, "Put it into the shadow", "risk.write_rules")
        return ask_with(self, request, words, form=form, do=do)

    @admin.display(description="Version")
    def number(self, row: RiskRule) -> str:
        return f"v{row.version}"

    @admin.display(description="Applies to")
    def condition(self, row: RiskRule) -> str:
        return asks(row.kind, row.params)

    @admin.display(description="State")
    def word(self, row: RiskRule) -> SafeString:
        return status(row.status, row.get_status_display())

    @admin.display(description="Written by")
    def writer(self, row: RiskRule) -> str:
        return str(row.by)

    @admin.display(description="Live from")
    def since(self, row: RiskRule) -> SafeString:
        return when(row.live_at)

    def page(self, request: HttpRequest, row: RiskRule) -> Page:
        ways = []
        if request.user.has_perm("risk.write_rules"):
            address = f"{self.address('new', row.kind)}?from={row.pk}"
            ways = [Way("Write a new version", address)]
        return Page(
            title=str(row),
            subtitle=row.get_kind_display(),
            state=self.word(row),
            notice=f"{self.condition(row)}: adds {row.score}.",
            ways=ways,
            main=[_versions(row), _tests(row)],
            side=[
                Facts(
                    "Record",
                    [
                        Fact("Written", when(row.created_at)),
                        Fact("By", row.by),
                        Fact("Why", row.reason),
                        Fact("Live from", when(row.live_at)),
                        Fact("Made live by", row.live_by or "nobody yet"),
                        Fact("Why", row.live_reason or "none given yet"),
                        Fact("Retired", when(row.retired_at, "not retired")),
                    ],
                )
            ],
        )


_EXAMPLES = {
    RuleKind.VELOCITY: "More than 5 attempts of one card in 60 min",
    RuleKind.MISMATCH: "The card is of another country than the payer's place",
    RuleKind.YOUNG_ACCOUNT: "An account younger than 24 h",
    RuleKind.LARGE_AMOUNT: "Above $250.00",
    RuleKind.UNUSUAL_AMOUNT: "Above 10 times what the payer usually pays",
    RuleKind.BLOCK_LIST: "A payer, card, network, mail domain or card number that is listed",
}


def _kind_link(kind: RuleKind) -> SafeString:
    return format_html(
        '<a class="c-link" href="{}">{}</a>',
        reverse("admin:risk_riskrule_new", args=[kind.value]),
        kind.label,
    )


def _versions(row: RiskRule) -> Table:
    others = RiskRule.objects.filter(code=row.code).order_by("-version")[:50]
    return Table(
        "All versions",
        [Cell("Version"), Cell("Applies to"), Cell("Score", number=True), Cell("State")],
        [
            [
                change_link("risk_riskrule", one.pk, f"v{one.version}"),
                asks(one.kind, one.params),
                one.score,
                status(one.status, one.get_status_display()),
            ]
            for one in others
        ],
        empty="",
    )


def _tests(row: RiskRule) -> Table:
    tests = BackTest.objects.filter(rule=row).order_by("-id")[:10]
    return Table(
        "Tests on past payments",
        [Cell("Asked"), Cell("Payments", number=True), Cell("Would change", number=True)],
        [
            [
                change_link("risk_backtest", one.pk, f"{one.asked_at:%Y-%m-%d %H:%M}"),
                f"{one.counted:,}",
                f"{one.changed:,}",
            ]
            for one in tests
        ],
        empty="Test it before it goes live: the result shows whom it would refuse.",
    )
