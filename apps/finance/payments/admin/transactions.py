"""Console pages of transactions: the story of a payment, and its proof in the books."""

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
    DaysFilter,
    Fact,
    Facts,
    Page,
    Raw,
    Table,
    amount,
    as_id,
    as_uuid,
    change_link,
    state,
    when,
)
from apps.finance.ledger import selectors as ledger
from apps.finance.ledger.chart import CHART
from apps.finance.payments.admin.refund_verbs import REFUND
from apps.finance.payments.admin.settle import CANCEL, LOOK_UP, SETTLE_FAILED, SETTLE_PAID
from apps.finance.payments.admin.story import attempts_of, weighed
from apps.finance.payments.admin.timeline import history_of
from apps.finance.payments.choices import Gateway
from apps.finance.payments.models import Transaction
from apps.finance.payments.selectors.spending import spending_of


@admin.register(Transaction)
class TransactionAdmin(ConsoleAdmin):
    list_display = ("reference", "what", "brand", "fan", "creator", "money", "word", "started")
    list_display_links = ("reference",)
    list_filter = (
        DaysFilter.on("created_at"), "status", "kind", "method", "gateway", "cluster",
    )  # fmt: skip
    list_select_related = ("cluster", "payer", "payee", "merchant_account")
    search_fields = ("public_id",)
    search_help_text = "Public id, number or the gateway's reference"
    intro = "Money from fans: into their wallets, or to creators."
    empty_title = "No transactions"
    empty_text = "The first tip or deposit on a brand site appears here."
    found_by_search = True
    verbs = (REFUND, LOOK_UP, SETTLE_PAID, SETTLE_FAILED, CANCEL)
    icon = "credit_card"
    export_columns = (
        "public_id",
        "cluster.slug",
        "kind",
        "method",
        "payer.handle",
        "payee.handle",
        "amount_minor",
        "platform_fee_minor",
        "processing_fee_minor",
        "net_minor",
        "currency",
        "status",
        "gateway",
        "gateway_reference",
        "created_at",
        "captured_at",
    )

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Take the public id too: risk and routing know a payment by no other."""
        public_id = as_uuid(object_id)
        if public_id is None:
            return super().get_object(request, object_id, from_field)
        return self.get_queryset(request).filter(public_id=public_id).first()

    def matching(self, term: str) -> Q:
        meaning = Q(gateway__in=Gateway.values, gateway_reference=term)
        public_id, number = as_uuid(term), as_id(term)
        if public_id:
            meaning |= Q(public_id=public_id)
        if number is not None:
            meaning |= Q(pk=number)
        return meaning

    @admin.display(description="Reference")
    def reference(self, row: Transaction) -> SafeString:
        return format_html('<span class="c-mono">{}</span>', str(row.public_id)[:8])

    @admin.display(description="What")
    def what(self, row: Transaction) -> str:
        return f"{row.get_kind_display()} by {row.get_method_display().lower()}"

    @admin.display(description="Brand")
    def brand(self, row: Transaction) -> str:
        return row.cluster.name

    @admin.display(description="From")
    def fan(self, row: Transaction) -> str:
        return f"@{row.payer.handle}"

    @admin.display(description="To", empty_value="own wallet")
    def creator(self, row: Transaction) -> str | None:
        return f"@{row.payee.handle}" if row.payee else None

    @admin.display(description="Amount")
    def money(self, row: Transaction) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @admin.display(description="State")
    def word(self, row: Transaction) -> SafeString:
        return state(row.status, row.get_status_display())

    @admin.display(description="Started")
    def started(self, row: Transaction) -> SafeString:
        return when(row.created_at)

    def page(self, request: HttpRequest, row: Transaction) -> Page:
        return Page(
            title=str(row.public_id),
            subtitle=f"{self.what(row)} on {row.cluster.name}",
            state=self.word(row),
            amount=self.money(row),
            notice=notice_of(row),
            main=[
                history_of(row),
                attempts_of(row),
                entry_of(row),
                back_of(row),
                webhooks_of(row),
            ],
            side=[
                split_of(row),
                people_of(row),
                limits_of(row),
                weighed(row),
                gateway_of(row),
            ],
        )


def notice_of(row: Transaction) -> str:
    if row.review_since:
        return "Risk holds it back: a person must let it go on, or reject it, in the review queue."
    if row.status != "UNKNOWN":
        return ""
    if row.next_look_up_at:
        return "Its outcome is not known yet. The gateway will be asked again; nothing to do."
    return "Nothing proves that this order was paid. Look at the gateway, then settle."


def entry_of(row: Transaction) -> Table:
    columns = [Cell("Account"), Cell("Debit", number=True), Cell("Credit", number=True)]
    entry = ledger.entry_of(row.source)
    if entry is None:
        return Table("In the ledger", columns, [], empty="Not captured, so nothing is posted.")
    lines = entry.lines.select_related("account").order_by("n")
    rows = [
        [
            change_link("ledger_account", line.account_id, account_name(line.account)),
            amount(line.amount_minor, line.currency) if line.amount_minor > 0 else "",
            amount(-line.amount_minor, line.currency) if line.amount_minor < 0 else "",
        ]
        for line in lines
    ]
    link = change_link("ledger_entry", entry.pk, entry.number)
    return Table(format_html("In the ledger: {}", link), columns, rows, empty="")


def account_name(account: Any) -> str:
    """Return the account's code, name and owner, as the ledger's pages write it."""
    name = f"{account.code} {CHART[account.code].name}"
    return f"{name} · {account.owner}" if account.owner else name


def back_of(row: Transaction) -> Table:
    """Refunds and disputes of the payment, each with its state."""
    refunds = [
        [
            change_link("payments_refund", refund.pk, f"Refund {str(refund.public_id)[:8]}"),
            amount(refund.amount_minor, refund.currency),
            state(refund.state, refund.get_state_display()),
            when(refund.created_at),
        ]
        for refund in row.refunds.order_by("id")[:50]
    ]
    disputes = [
        [
            change_link("payments_dispute", dispute.pk, f"Dispute {dispute.reference}"),
            amount(dispute.amount_minor, dispute.currency),
            state(dispute.stage, dispute.get_stage_display()),
            when(dispute.opened_at),
        ]
        for dispute in row.disputes.order_by("id")[:50]
    ]
    return Table(
        "Refunds and disputes",
        [Cell("What"), Cell("Amount", number=True), Cell("State"), Cell("Since")],
        refunds + disputes,
        empty="Nothing went back, and no bank asked.",
    )


def webhooks_of(row: Transaction) -> Table:
    webhooks = row.webhooks.defer("body", "headers").order_by("id")[:50]
    return Table(
        "Webhooks",
        [Cell("Delivery"), Cell("State"), Cell("Received")],
        [
            [
                change_link("payments_webhookevent", hook.pk, f"#{hook.pk} {hook.event_type}"),
                state(hook.status),
                when(hook.received_at),
            ]
            for hook in webhooks
        ],
        empty="The gateway has sent nothing about it.",
    )


def split_of(row: Transaction) -> Facts:
    return Facts(
        "Split",
        [
            Fact("Gross", amount(row.amount_minor, row.currency)),
            *(
                [Fact(f"Tax of {row.tax_place}", amount(row.tax_minor, row.currency))]
                if row.tax_minor
                else []
            ),
            Fact("Platform fee", amount(row.platform_fee_minor, row.currency)),
            Fact("Processing fee", amount(row.processing_fee_minor, row.currency)),
            Fact("Net", amount(row.net_minor, row.currency)),
        ],
    )


def people_of(row: Transaction) -> Facts:
    facts = [Fact("Payer", change_link("accounts_profile", row.payer_id, row.payer))]
    if row.payee_id:
        facts.append(Fact("Payee", change_link("accounts_profile", row.payee_id, row.payee)))
    if row.message:
        facts.append(Fact("Message", row.message))
    if row.subject:
        facts.append(Fact("Bought", row.subject))
    if row.occasion:
        facts.append(Fact("Charge", row.get_occasion_display()))
    return Facts("People", facts)


def limits_of(row: Transaction) -> Facts:
    """What the payer lets themselves spend, in the currency of this payment."""
    standings = spending_of(row.payer, currency=row.currency, now=timezone.now())
    facts = [
        Fact(
            f"A {each.per.label.lower()}",
            f"{each.limit.formatted}, {each.spent.formatted} spent",
        )
        for each in standings
        if each.limit
    ]
    return Facts("The payer's spending limits", facts or [Fact("Limits", "none set")])


def gateway_of(row: Transaction) -> Facts | Raw:
    account = row.merchant_account
    return Facts(
        "Gateway",
        [
            Fact("Gateway", row.get_gateway_display() or "none: paid from the wallet"),
            Fact("Reference", row.gateway_reference or "none"),
            Fact(
                "Merchant account",
                change_link("payments_merchantaccount", account.pk, account)
                if account
                else "none",
            ),
            Fact("Started", when(row.created_at)),
            Fact("Captured", when(row.captured_at)),
            Fact("Declined because", row.failure_reason or row.failure_code or "not declined"),
            Fact("Idempotency key", row.idempotency_key),
        ],
    )
