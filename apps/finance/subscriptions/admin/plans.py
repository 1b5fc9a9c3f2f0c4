"""Plans, prices and changes of prices in the console: what creators offer, and moderation."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    Verb,
    amount,
    as_uuid,
    change_link,
    state,
    when,
)
from apps.core.money import Money
from apps.core.show import money_text
from apps.finance.subscriptions.admin.offered import by_handle, length_of
from apps.finance.subscriptions.choices import PlanStatus
from apps.finance.subscriptions.models import Plan, Price, PriceChange
from apps.finance.subscriptions.selectors import plans as queries
from apps.finance.subscriptions.selectors import price_changes
from apps.finance.subscriptions.selectors.plans import PlanOwned, PriceOwned
from apps.finance.subscriptions.services import plans as services

_TONES = {PlanStatus.ACTIVE: "ACTIVE", PlanStatus.ARCHIVED: "ENDED"}
_WORDS = {PlanStatus.ACTIVE: "Open", PlanStatus.ARCHIVED: "Archived"}
MOST_CHANGES = 24


def _archived(row: Plan, _by: Any) -> str:
    return "it is archived already." if row.status == PlanStatus.ARCHIVED else ""


def _archive_preview(row: Plan, _by: Any) -> str:
    subscribers = queries.plan_owned(row.creator, row.public_id).subscribers
    return (
        f"It takes no new subscribers from now on. Its {subscribers} subscribers keep it and are "
        "charged as before; end subscriptions one by one where access must stop. It cannot be "
        "opened again."
    )


def _archive(row: Plan, by: Any, reason: str) -> str:
    services.archive_plan(plan=row, by=by, reason=reason, now=timezone.now())
    return f"{row.name} is archived."


ARCHIVE = Verb(
    name="archive",
    label="Archive",
    permission="subscriptions.moderate_plan",
    run=_archive,
    refusal=_archived,
    preview=_archive_preview,
    danger=True,
    icon="inventory_2",
    help="For what creators may not offer. Those who are subscribed are untouched.",
)


@admin.register(Plan)
class PlanAdmin(ConsoleAdmin):
    list_display = ("title", "word", "of", "tier", "trial", "brand", "since")
    list_display_links = ("title",)
    list_filter = ("status", "is_free", ("cluster", admin.RelatedFieldListFilter))
    list_select_related = ("creator", "cluster")
    search_fields = ("public_id",)
    search_help_text = "Number, public id, or the creator's handle"
    intro = "What creators offer to subscribe to. They edit their plans; staff may archive one."
    empty_title = "No plans"
    empty_text = "The first plan that a creator opens appears here."
    found_by_search = True
    icon = "loyalty"
    verbs = (ARCHIVE,)
    export_columns = (
        "public_id",
        "cluster.slug",
        "creator.handle",
        "name",
        "tier",
        "is_free",
        "trial_days",
        "status",
        "created_at",
        "archived_at",
    )

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Take the public id too, and bring along what the page shows."""
        rows = self.get_queryset(request).select_related("creator__user", "cluster")
        public_id = as_uuid(object_id)
        if public_id is not None:
            return rows.filter(public_id=public_id).first()
        return rows.filter(pk=int(object_id)).first() if object_id.isdigit() else None

    def matching(self, term: str) -> Q | None:
        return by_handle(term)

    @admin.display(description="Plan")
    def title(self, row: Plan) -> str:
        return row.name

    @admin.display(description="State")
    def word(self, row: Plan) -> SafeString:
        return state(_TONES[PlanStatus(row.status)], _WORDS[PlanStatus(row.status)])

    @admin.display(description="Creator")
    def of(self, row: Plan) -> str:
        return f"@{row.creator.handle}"

    @admin.display(description="Trial")
    def trial(self, row: Plan) -> str:
        if row.is_free:
            return "free follow"
        return f"{row.trial_days} days" if row.trial_days else "none"

    @admin.display(description="Brand")
    def brand(self, row: Plan) -> str:
        return row.cluster.name

    @admin.display(description="Since")
    def since(self, row: Plan) -> SafeString:
        return when(row.created_at)

    def page(self, request: HttpRequest, row: Plan) -> Page:
        shown = queries.plan_owned(row.creator, row.public_id)
        return Page(
            title=row.name,
            subtitle=f"@{row.creator.handle} on {row.cluster.name}",
            state=self.word(row),
            main=[_prices(shown), _changes(row)],
            side=[_figures(shown), _facts(row)],
        )


@admin.register(PriceChange)
class PriceChangeAdmin(ConsoleAdmin):
    list_display = ("number", "word", "plan", "was", "will_be", "effective", "asks", "all_told")
    list_display_links = ("number",)
    list_select_related = ("old__plan__creator", "new")
    list_filter = ("needs_consent",)
    intro = "New prices for those who are subscribed: when they hold, and who had to agree."
    empty_title = "No changes"
    empty_text = "When a creator moves subscribers to a new price, it appears here."
    icon = "price_change"

    @admin.display(description="Number")
    def number(self, row: PriceChange) -> str:
        return f"#{row.pk}"

    @admin.display(description="State")
    def word(self, row: PriceChange) -> SafeString:
        return _change_word(row)

    @admin.display(description="Plan")
    def plan(self, row: PriceChange) -> str:
        return f"{row.old.plan.name}, @{row.old.plan.creator.handle}"

    @admin.display(description="Was")
    def was(self, row: PriceChange) -> SafeString:
        return amount(row.old.amount_minor, row.old.currency)

    @admin.display(description="Will be")
    def will_be(self, row: PriceChange) -> SafeString:
        return amount(row.new.amount_minor, row.new.currency)

    @admin.display(description="Holds from")
    def effective(self, row: PriceChange) -> SafeString:
        return when(row.effective_at)

    @admin.display(description="Everybody must agree", boolean=True)
    def asks(self, row: PriceChange) -> bool:
        return row.needs_consent

    @admin.display(description="All told")
    def all_told(self, row: PriceChange) -> SafeString:
        return when(row.told_at, absent="not yet")

    def page(self, request: HttpRequest, row: PriceChange) -> Page:
        answers = price_changes.answers_to([row]).get(row.pk, price_changes.Answers())
        facts = [
            Fact("Plan", change_link("subscriptions_plan", row.old.plan_id, row.old.plan.name)),
            Fact("Was", amount(row.old.amount_minor, row.old.currency), length_of(row.old.months)),
            Fact("Will be", amount(row.new.amount_minor, row.new.currency)),
            Fact("Planned", when(row.created_at), row.reason),
            Fact("Holds from", when(row.effective_at)),
            Fact("All told", when(row.told_at, absent="not yet")),
            Fact("Taken back", when(row.withdrawn_at, absent="no")),
        ]
        stand = [
            Fact("Told, and still at the old price", answers.told),
            Fact("Said yes", answers.given),
            Fact("Said no", answers.refused),
            Fact("Have not answered", answers.waiting),
        ]
        return Page(
            title=f"Change of price #{row.pk}",
            subtitle=f"@{row.old.plan.creator.handle}",
            state=_change_word(row),
            main=[Facts("The change", facts)],
            side=[Facts("Subscribers", stand)],
        )


def _change_word(row: PriceChange) -> SafeString:
    if row.withdrawn_at is not None:
        return state("ENDED", "Taken back")
    if row.effective_at <= timezone.now():
        return state("ACTIVE", "Holds")
    return state("PENDING", "All told" if row.told_at else "Being told")


def _prices(shown: PlanOwned) -> Table:
    columns = (
        Cell("For"), Cell("Price", number=True), Cell("Since"), Cell("Replaced"),
        Cell("Subscribers", number=True), Cell("Paying", number=True),
    )  # fmt: skip
    return Table(
        "Prices",
        columns,
        [_price(owned) for owned in (*shown.prices, *shown.old_prices)],
        empty="A free follow: nothing is charged." if shown.plan.is_free else "None is open.",
    )


def _price(owned: PriceOwned) -> list[Any]:
    price: Price = owned.price
    return [
        length_of(price.months),
        amount(price.amount_minor, price.currency),
        when(price.created_at),
        when(price.replaced_at, absent="open"),
        owned.subscribers,
        owned.paying,
    ]


def _changes(row: Plan) -> Table:
    found = (
        PriceChange.objects.filter(old__plan=row)
        .select_related("old", "new")
        .order_by("-id")[:MOST_CHANGES]
    )
    columns = (
        Cell("Change"), Cell("State"), Cell("Was", number=True), Cell("Will be", number=True),
        Cell("Holds from"),
    )  # fmt: skip
    return Table(
        "New prices for subscribers",
        columns,
        [
            [
                change_link("subscriptions_pricechange", change.pk, f"#{change.pk}"),
                _change_word(change),
                amount(change.old.amount_minor, change.old.currency),
                amount(change.new.amount_minor, change.new.currency),
                when(change.effective_at),
            ]
            for change in found
        ],
        empty="Subscribers were never moved to a new price.",
    )


def _figures(shown: PlanOwned) -> Facts:
    monthly = amount(shown.monthly.minor, shown.monthly.currency) if shown.monthly else "nothing"
    return Facts(
        "What it brings",
        [Fact("Subscribers", shown.subscribers), Fact("A month, before promotions", monthly)],
    )


def _facts(row: Plan) -> Facts:
    return Facts(
        "What it is",
        [
            Fact("Creator", change_link("accounts_profile", row.creator_id, row.creator)),
            Fact("Description", row.description or "none"),
            Fact("Benefits", ", ".join(row.benefits) or "none"),
            Fact("Tier", row.tier),
            Fact("Renews", row.get_alignment_display()),
            Fact("Trial", _trial(row)),
            Fact("Opened", when(row.created_at)),
            Fact("Archived", when(row.archived_at, absent="no")),
            Fact("Public id", format_html('<span class="c-mono">{}</span>', row.public_id)),
        ],
    )


def _trial(row: Plan) -> str:
    if not row.trial_days:
        return "none"
    price = row.prices.order_by("-id").first()
    if not row.trial_minor or price is None:
        return f"{row.trial_days} days, free"
    return f"{row.trial_days} days for {money_text(Money(row.trial_minor, price.currency))}"
