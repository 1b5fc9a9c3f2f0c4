"""Console pages of assessments: the queue to review, and why each payment got its outcome."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.accounts.models import Profile
from apps.clusters.models import Cluster
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
    Verb,
    amount,
    as_id,
    change_link,
    source_link,
    state,
    when,
)
from apps.finance.risk import services as risk
from apps.finance.risk.admin.forms import PartForm
from apps.finance.risk.admin.shown import outcome
from apps.finance.risk.choices import ListKind, ReviewState
from apps.finance.risk.models import Assessment
from apps.finance.risk.rules.judge import span


def review_refusal(row: Assessment, _by: Any) -> str:
    return "" if row.review == ReviewState.WAITING else "it waits for nobody's decision."


def approve_run(row: Assessment, by: Any, reason: str) -> str:
    risk.approve(assessment_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Approved: the payer can go on."


def reject_run(row: Assessment, by: Any, reason: str) -> str:
    risk.reject(assessment_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Rejected: the payment ends."


def block_run(row: Assessment, by: Any, reason: str, kind: str, days: int | None) -> str:
    now = timezone.now()
    entry = risk.block_part(
        assessment_id=row.pk,
        kind=ListKind(kind),
        expires_at=now + timedelta(days=days) if days else None,
        by=by,
        reason=reason,
        now=now,
    )
    return f"{entry} is blocked."


APPROVE = Verb(
    name="approve",
    label="Approve",
    permission="risk.review_payment",
    preview=lambda row, _by: f"{row.subject} goes on to the gateway (score {row.score}).",
    refusal=review_refusal,
    run=approve_run,
    icon="check",
    is_quiet=True,
)
REJECT = Verb(
    name="reject",
    label="Reject",
    permission="risk.review_payment",
    preview=lambda row, _by: f"{row.subject} ends without a charge (score {row.score}).",
    refusal=review_refusal,
    run=reject_run,
    danger=True,
    icon="block",
    is_quiet=True,
)
BLOCK = Verb(
    name="block",
    label="Block a part",
    permission="risk.edit_block_list",
    preview=lambda row, _by: f"A part of {row.subject} goes on a block list.",
    run=block_run,
    form=PartForm,
    danger=True,
    icon="front_hand",
)


QUEUES = QueueFilter.of(review=Queue("To review", Q(review=ReviewState.WAITING)))


@admin.register(Assessment)
class AssessmentAdmin(ConsoleAdmin):
    list_display = ("number", "made", "brand", "payer", "money", "score", "word", "reasons", "end")
    list_display_links = ("number",)
    list_filter = (QUEUES, DaysFilter.on("at"), "outcome")
    search_fields = ("subject",)
    search_help_text = "A payment's public id, or the assessment's number"
    intro = "How risky each payment looked, by which rules, and what became of it."
    empty_title = "No assessments"
    empty_text = "The first payment that goes to a gateway appears here."
    verbs = (APPROVE, REJECT, BLOCK)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assessment]:
        name = Cluster.objects.filter(slug=OuterRef("cluster")).values("name")[:1]
        handle = Profile.objects.filter(pk=OuterRef("payer_id")).values("handle")[:1]
        rows: QuerySet[Assessment] = super().get_queryset(request)
        return rows.annotate(brand_name=Subquery(name), payer_handle=Subquery(handle))

    def matching(self, term: str) -> Q:
        number = as_id(term)
        meaning = Q(subject=term) | Q(subject=f"transaction:{term}")
        return meaning | Q(pk=number) if number is not None else meaning

    @admin.display(description="Assessment")
    def number(self, row: Assessment) -> str:
        return f"#{row.pk}"

    @admin.display(description="At")
    def made(self, row: Assessment) -> SafeString:
        return when(row.at)

    @admin.display(description="Brand")
    def brand(self, row: Assessment) -> str:
        return getattr(row, "brand_name", None) or row.cluster

    @admin.display(description="Payer")
    def payer(self, row: Assessment) -> str:
        handle = getattr(row, "payer_handle", None)
        return f"@{handle}" if handle else f"profile {row.payer_id}"

    @admin.display(description="Amount")
    def money(self, row: Assessment) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @admin.display(description="Outcome")
    def word(self, row: Assessment) -> SafeString:
        if row.review:
            return state(row.review, f"Review: {row.get_review_display().lower()}")
        return outcome(row.outcome)

    @admin.display(description="Because of")
    def reasons(self, row: Assessment) -> str:
        return ", ".join(hit["code"] for hit in row.hits if not hit["shadow"]) or "nothing"

    @admin.display(description="Became")
    def end(self, row: Assessment) -> str:
        return row.get_result_display()

    def page(self, request: HttpRequest, row: Assessment) -> Page:
        shadow = ""
        if row.shadow_outcome != row.outcome:
            shadow = f"With the rules in shadow it would be: {row.shadow_outcome.lower()}"
            shadow += f" (score {row.shadow_score})."
        return Page(
            title=f"Assessment {row.pk}",
            subtitle=f"Payment on {self.brand(row)}",
            state=self.word(row),
            amount=self.money(row),
            notice=shadow,
            main=[_hits(row), _others(row)],
            side=[_payment(row, self.payer(row)), _record(row)],
        )


def _hits(row: Assessment) -> Table:
    return Table(
        "Rules that applied",
        [Cell("Rule"), Cell("Why"), Cell("Score", number=True), Cell("Counts")],
        [
            [
                change_link("risk_riskrule", hit["rule"], hit["code"]),
                hit["text"],
                hit["score"],
                state("PENDING", "In shadow") if hit["shadow"] else state("ACTIVE", "Live"),
            ]
            for hit in row.hits
        ],
        empty="No rule applied.",
        totals=[["Live, 100 at most", "", row.score, ""]] if row.hits else [],
    )


def _others(row: Assessment) -> Table:
    """The payer's and the card's latest payments, by their indexes."""
    by_payer = Assessment.objects.filter(payer_id=row.payer_id).order_by("-at")[:10]
    rows = {one.pk: one for one in by_payer}
    if row.card_hash:
        by_card = Assessment.objects.filter(card_hash=row.card_hash).order_by("-at")[:10]
        rows |= {one.pk: one for one in by_card}
    rows.pop(row.pk, None)
    latest = sorted(rows.values(), key=lambda one: one.at, reverse=True)[:15]
    return Table(
        "Other payments of this payer and this card",
        [
            Cell("At"),
            Cell("Payer"),
            Cell("Card"),
            Cell("Amount", number=True),
            Cell("Outcome"),
            Cell("Became"),
        ],
        [
            [
                change_link("risk_assessment", one.pk, f"{one.at:%Y-%m-%d %H:%M}"),
                f"profile {one.payer_id}",
                "the same" if one.card_hash and one.card_hash == row.card_hash else "another",
                amount(one.amount_minor, one.currency),
                outcome(one.outcome),
                one.get_result_display(),
            ]
            for one in latest
        ],
        empty="None.",
    )


def _payment(row: Assessment, payer: str) -> Facts:
    facts = row.facts
    age = facts.get("account_age_minutes")
    return Facts(
        "Payment",
        [
            Fact("Reference", source_link(row.subject)),
            Fact("Payer", change_link("accounts_profile", row.payer_id, payer)),
            Fact("Account age", span(age) if age is not None else "not known"),
            Fact("Country of the card", facts.get("country_card") or "not known"),
            Fact("Payer's place", facts.get("country_place") or "not known"),
            Fact("Country of the address", facts.get("country_ip") or "not known"),
            Fact("Network", row.network or "not known, or forgotten"),
            Fact("Mail domain", facts.get("email_domain") or "not known"),
            Fact("Card begins with", facts.get("bin") or "not known"),
            Fact("First purchase", "yes" if facts.get("first_purchase") else "no"),
        ],
    )


def _record(row: Assessment) -> Facts:
    return Facts(
        "Record",
        [
            Fact("Assessed", when(row.at)),
            Fact("Became", row.get_result_display()),
            Fact("Reviewed", when(row.reviewed_at)),
            Fact("By", row.reviewed_by or "nobody"),
            Fact("Why", row.review_reason or "none given"),
        ],
    )
