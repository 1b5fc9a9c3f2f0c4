"""Console pages of decisions: which account, and why not another."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.clusters.models import Cluster
from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Table,
    amount,
    as_id,
    change_link,
    source_link,
    state,
    when,
)
from apps.finance.routing import selectors
from apps.finance.routing.admin.shown import account, standing
from apps.finance.routing.choices import KINDS, METHODS, Why
from apps.finance.routing.models import Decision, Route
from apps.finance.routing.rules.facts import Candidate
from apps.finance.routing.rules.facts import Facts as Payment


@admin.register(Decision)
class DecisionAdmin(ConsoleAdmin):
    list_display = ("number", "at", "brand", "money", "went_to", "by_rule", "left_out")
    list_display_links = ("number",)
    list_filter = (DaysFilter.on("decided_at"), "cluster")
    list_select_related = ("rule_set",)
    search_fields = ("subject",)
    search_help_text = "A payment's public id, or the decision's number"
    intro = "Which account each payment was sent to, by which rule, and why not to another."
    empty_title = "No decisions"
    empty_text = "The first payment that goes to a gateway appears here."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        label = Route.objects.filter(pk=OuterRef("chosen_id")).values("label")[:1]
        name = Cluster.objects.filter(slug=OuterRef("cluster")).values("name")[:1]
        rows: QuerySet[Decision] = super().get_queryset(request)
        return rows.annotate(chosen_label=Subquery(label), brand_name=Subquery(name))

    def get_list_filter(self, request: HttpRequest) -> Any:
        return (DaysFilter.on("decided_at"),)

    def matching(self, term: str) -> Q:
        number = as_id(term)
        meaning = Q(subject=term) | Q(subject=f"transaction:{term}")
        return meaning | Q(pk=number) if number is not None else meaning

    @admin.display(description="Decision")
    def number(self, row: Decision) -> str:
        return f"#{row.pk}"

    @admin.display(description="At")
    def at(self, row: Decision) -> SafeString:
        return when(row.decided_at)

    @admin.display(description="Brand")
    def brand(self, row: Decision) -> str:
        return getattr(row, "brand_name", None) or row.cluster

    @admin.display(description="Amount")
    def money(self, row: Decision) -> SafeString:
        return amount(row.facts["amount_minor"], row.facts["currency"])

    @admin.display(description="Sent to")
    def went_to(self, row: Decision) -> Any:
        if row.chosen_id is None:
            return state("REFUSED", "Nowhere")
        return getattr(row, "chosen_label", None) or f"account {row.chosen_id}"

    @admin.display(description="By")
    def by_rule(self, row: Decision) -> str:
        if row.rule is None:
            return "the cheapest"
        return f"rule {row.rule}, {row.rule_name} (version {row.rule_set and row.rule_set.number})"

    @admin.display(description="Left out")
    def left_out(self, row: Decision) -> int:
        return len(row.excluded)

    def page(self, request: HttpRequest, row: Decision) -> Page:
        payment = Payment.from_json(row.facts)
        candidates = {
            kept["account_id"]: Candidate.from_json(kept) for kept in row.options.candidates
        }
        labels = selectors.labels_of()
        return Page(
            title=f"Decision {row.pk}",
            subtitle=f"{_what(payment)} on {self.brand(row)}",
            state=self.went_to(row),
            amount=self.money(row),
            main=[
                _ranking(row, candidates, payment, labels),
                _excluded(row, labels),
                _steps(row, candidates, payment),
            ],
            side=[_payment(payment, row.subject), _record(row)],
        )


def ranking_columns() -> list[Cell]:
    return [
        Cell("Place", number=True), Cell("Account"), Cell("Cost", number=True),
        Cell("Succeeded lately", number=True), Cell("Room left", number=True), Cell("Gateway"),
    ]  # fmt: skip


def ranking_row(
    place: int, candidate: Candidate, payment: Payment, labels: dict[int, str]
) -> list[Any]:
    success, room, health = standing(candidate)
    cost = candidate.cost_of(payment.amount)
    name = labels.get(candidate.account_id, candidate.label)
    return [place, name, amount(cost.minor, cost.currency), success, room, health]


def _ranking(
    row: Decision, candidates: dict[int, Candidate], payment: Payment, labels: dict[int, str]
) -> Table:
    return Table(
        "Who could take it, best first, as they stood then",
        ranking_columns(),
        [
            ranking_row(place, candidates[one], payment, labels)
            for place, one in enumerate(row.ranked, 1)
        ],
        empty="None of the brand's accounts could take it.",
    )


def _excluded(row: Decision, labels: dict[int, str]) -> Table:
    return Table(
        "Who could not, and why",
        [Cell("Account"), Cell("Why"), Cell("With the figures")],
        [
            [account(one["account"], labels), Why(one["why"]).label, one["text"]]
            for one in row.excluded
        ],
        empty="Every account of the brand could take it.",
    )


def _steps(row: Decision, candidates: dict[int, Candidate], payment: Payment) -> Table:
    """The rules as they were: an active version never changes, so they can be told again."""
    rules = selectors.plan_of(row.rule_set_id).rules if row.rule_set_id else ()
    outcome = selectors.explain(
        subject=row.subject,
        facts=payment,
        candidates=list(candidates.values()),
        rules=rules,
        now=row.decided_at,
    )
    return Table(
        "Rule by rule",
        [Cell("Rule"), Cell("What became of it")],
        [[f"{step.position}. {step.name}", step.text] for step in outcome.steps],
        empty="No rules were active: the cheapest comes first.",
    )


def _what(payment: Payment) -> str:
    method = METHODS.get(payment.method, payment.method).lower()
    return f"{KINDS.get(payment.kind, payment.kind)} by {method}"


def _payment(payment: Payment, subject: str) -> Facts:
    return Facts(
        "Payment",
        [
            Fact("Reference", source_link(subject)),
            Fact("Country", payment.country or "not known"),
            Fact("Card", f"{payment.card_brand} {payment.bin}".strip() or "not known"),
            Fact("Risk score", payment.risk_score),
            Fact("First purchase", "yes" if payment.first_purchase else "no"),
        ],
    )


def _record(row: Decision) -> Facts:
    version = row.rule_set
    return Facts(
        "Record",
        [
            Fact("Decided", when(row.decided_at)),
            Fact(
                "Version",
                change_link("routing_ruleset", version.pk, version) if version else "none active",
            ),
            Fact("Rule", f"{row.rule}. {row.rule_name}" if row.rule else "the cheapest"),
        ],
    )
