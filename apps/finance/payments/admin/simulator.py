"""What would happen to this payment: engine and figures of a real one, and nothing is kept."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone

from apps.clusters.models import Cluster
from apps.core.admin import Ask, Cell, ConsoleAdmin, Page, Table, Way, amount, state
from apps.core.errors import DomainError
from apps.core.money import BPS_WHOLE, SCALES, Money
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.models import RouteSimulation
from apps.finance.payments.selectors.candidates import read_candidates
from apps.finance.routing import selectors as routing
from apps.finance.routing.choices import CARD_BRANDS
from apps.finance.routing.rules import Candidate, Facts, Outcome, PlannedRule

#: Payments like it that are drawn to show how shares fall.
DRAWN = 1_000


class SimulatorForm(forms.Form):
    """A payment that is not made."""

    cluster = forms.ModelChoiceField(
        Cluster.objects.order_by("position"), label="Brand", empty_label=None, to_field_name="slug"
    )
    kind = forms.ChoiceField(choices=Kind.choices)
    method = forms.ChoiceField(choices=[(m.value, m.label) for m in Method if m != Method.WALLET])
    amount = forms.CharField(label="Amount", initial="25.00")
    currency = forms.ChoiceField(choices=[(code, code) for code in SCALES])
    country = forms.RegexField(
        r"\A[A-Za-z]{2}\Z", required=False, label="Country",
        help_text="Like DE. Empty: not known.",
        error_messages={"invalid": "Two letters, as DE."},
    )  # fmt: skip
    card_brand = forms.ChoiceField(
        choices=[("", "not known"), *CARD_BRANDS.items()], required=False, label="Card"
    )
    bin = forms.RegexField(
        r"\A[0-9]{4,8}\Z", required=False, label="Card begins with",
        help_text="4 to 8 digits. Empty: not known.",
        error_messages={"invalid": "4 to 8 digits."},
    )  # fmt: skip
    risk_score = forms.IntegerField(
        min_value=0, max_value=100, required=False, initial=0, label="Risk score"
    )
    first_purchase = forms.ChoiceField(
        choices=[("", "no"), ("yes", "yes")], required=False, label="First purchase"
    )
    version = forms.ChoiceField(required=False, label="By")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = [  # type: ignore[attr-defined]
            ("", "what is active now"), *routing.version_choices()
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "amount" in given and "currency" in given:
            try:
                given["money"] = Money.of(given["amount"].strip(), given["currency"])
            except DomainError as error:
                self.add_error("amount", str(error))
            else:
                if given["money"].minor <= 0:
                    self.add_error("amount", "Write an amount above zero.")
        return given

    def facts(self) -> Facts:
        given = self.cleaned_data
        return Facts(
            cluster=given["cluster"].slug,
            kind=given["kind"],
            amount=given["money"],
            country=given["country"].upper(),
            card_brand=given["card_brand"],
            bin=given["bin"],
            risk_score=given["risk_score"] or 0,
            method=given["method"],
            first_purchase=given["first_purchase"] == "yes",
        )


@admin.register(RouteSimulation)
class SimulatorAdmin(ConsoleAdmin):
    has_list = False

    def get_urls(self) -> list[Any]:
        gate, name = self.admin_site.admin_view, "payments_routesimulation"
        return [path("", gate(self.ask_view), name=f"{name}_changelist"), *super().get_urls()]

    def page(self, request: HttpRequest, row: RouteSimulation) -> Page:
        raise Http404

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """There is no table."""
        return None

    def chosen(self, request: HttpRequest) -> list[Any]:
        return []

    def ask_view(self, request: HttpRequest) -> HttpResponse:
        """Answer by GET, so that a question can be sent to a colleague as an address."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = SimulatorForm(request.GET or None)
        here = self.address("changelist")
        main: list[Any] = [Ask("A payment", form, here, "What would happen?", "Begin again")]
        if request.GET and form.is_valid():
            main += _answer(form, now=timezone.now())
        ways = [Way("Replay past payments", reverse("admin:routing_ruleset_changelist"))]
        page = Page(
            title="What would happen to this payment?",
            subtitle="Routing",
            ways=ways if request.user.has_perm("routing.view_ruleset") else [],
            main=main,
        )
        context = {"title": page.title, "page": page, "verbs": []}
        status = 422 if form.errors else 200
        return self.drawn(request, "admin/console/detail.html", context, status=status)


def _answer(form: SimulatorForm, *, now: datetime) -> list[Any]:
    facts = form.facts()
    version = form.cleaned_data["version"]
    rules = (routing.plan_of(int(version)) if version else routing.active_plan()).rules
    candidates = read_candidates(cluster=form.cleaned_data["cluster"], now=now)
    by_id = {one.account_id: one for one in candidates}
    outcome = routing.explain(
        subject="simulation", facts=facts, candidates=candidates, rules=rules, now=now
    )
    drawn = Counter(
        routing.explain(
            subject=f"simulation:{n}", facts=facts, candidates=candidates, rules=rules, now=now
        ).chosen
        for n in range(DRAWN)
    )
    return [
        _ranking(outcome, by_id, facts, drawn),
        _excluded(outcome, by_id),
        _steps(outcome, rules),
    ]


def _percent(bps: int | None) -> str:
    return "none" if bps is None else f"{bps // 100}.{bps % 100:02d} %"


def _ranking(
    outcome: Outcome, by_id: dict[int, Candidate], facts: Facts, drawn: Counter[int | None]
) -> Table:
    rows = []
    for place, pk in enumerate(outcome.ranked, 1):
        one = by_id[pk]
        lately = f"{_percent(one.success_bps)} of {one.samples}" if one.samples else "none"
        cost = one.cost_of(facts.amount)
        rows.append(
            [
                place,
                one.label,
                one.gateway,
                amount(cost.minor, cost.currency),
                lately,
                _percent(one.headroom_bps),
                _percent(drawn[pk] * BPS_WHOLE // DRAWN),
            ]
        )
    return Table(
        "It could go to, best first",
        [
            Cell("Place", number=True),
            Cell("Account"),
            Cell("Gateway"),
            Cell("Cost", number=True),
            Cell("Succeeded lately", number=True),
            Cell("Room left", number=True),
            Cell("First for, of 1,000 like it", number=True),
        ],
        rows,
        empty="Nowhere: it would be refused. Below stands why.",
    )


def _excluded(outcome: Outcome, by_id: dict[int, Candidate]) -> Table:
    return Table(
        "It could not go to",
        [Cell("Account"), Cell("Why"), Cell("With the figures")],
        [[by_id[one.account_id].label, one.why.label, one.text] for one in outcome.excluded],
        empty="Every account of the brand could take it."
        if by_id
        else "The brand has no active account.",
    )


def _steps(outcome: Outcome, rules: tuple[PlannedRule, ...]) -> Table:
    told = {step.position: step.text for step in outcome.steps}
    return Table(
        "Rule by rule",
        [Cell("Rule"), Cell("What becomes of it")],
        [
            [
                f"{rule.position}. {rule.name}",
                state("ACTIVE", "Decides")
                if rule.position == outcome.rule
                else told.get(rule.position, "Not reached"),
            ]
            for rule in rules
        ],
        empty="No rules: the cheapest comes first.",
    )
