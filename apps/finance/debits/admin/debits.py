"""Mandates, the debits under them, and transfers that are waited for."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    Event,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Table,
    Timeline,
    Verb,
    amount,
    as_id,
    as_uuid,
    change_link,
    when,
)
from apps.finance.debits import services as debits
from apps.finance.debits.admin.shown import BankAdmin, day, mono, word
from apps.finance.debits.models import Debit, FileItem, Mandate, Transfer

_ROWS = 50


def _end_refusal(row: Mandate, _by: Any) -> str:
    return "it has ended already." if row.ended_at else ""


def _end_preview(_row: Mandate, _by: Any) -> str:
    return "No more is debited. Debits that are in no file yet are cancelled; others go on."


def _end_run(row: Mandate, by: Any, reason: str) -> str:
    debits.revoke_by_staff(mandate_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "The mandate is revoked."


END = Verb(
    name="end",
    label="Revoke",
    permission="debits.end_mandate",
    preview=_end_preview,
    refusal=_end_refusal,
    run=_end_run,
    danger=True,
    icon="block",
    help="Where the payer asked us to. The payer must sign anew to pay by bank again.",
)


@admin.register(Mandate)
class MandateAdmin(BankAdmin):
    list_display = ("name", "payer", "brand", "bank_word", "status", "signed")
    list_display_links = ("name",)
    list_filter = ("state", "scheme")
    list_select_related = ("profile", "cluster")
    search_fields = ("reference",)
    search_help_text = "Reference, public id or number"
    intro = "What payers allowed us to take from their bank accounts. The accounts are sealed."
    empty_title = "No mandates"
    empty_text = "They appear here when fans set up payment by bank."
    verbs = (END,)
    export_columns = (
        "public_id",
        "reference",
        "scheme",
        "state",
        "last4",
        "signed_at",
        "ended_at",
    )

    def matching(self, term: str) -> Q | None:
        public_id, number = as_uuid(term), as_id(term)
        if public_id:
            return Q(public_id=public_id)
        return Q(reference=term.upper()) | (Q(pk=number) if number is not None else Q())

    @admin.display(description="Mandate")
    def name(self, row: Mandate) -> SafeString:
        return mono(row.reference)

    @admin.display(description="Payer")
    def payer(self, row: Mandate) -> SafeString:
        return change_link("accounts_profile", row.profile_id, row.profile)

    @admin.display(description="Brand")
    def brand(self, row: Mandate) -> str:
        return row.cluster.name

    @admin.display(description="Account")
    def bank_word(self, row: Mandate) -> str:
        return f"{row.get_scheme_display()} …{row.last4}"

    @admin.display(description="Signed")
    def signed(self, row: Mandate) -> SafeString:
        return when(row.signed_at)

    def page(self, request: HttpRequest, row: Mandate) -> Page:
        rows = row.debits.order_by("-id")[:_ROWS]
        return Page(
            title=f"Mandate {row.reference}",
            subtitle=self.bank_word(row),
            state=self.status(row),
            main=[
                Table(
                    "Debits",
                    [Cell("Debit"), Cell("Amount", number=True), Cell("State"), Cell("Asked for")],
                    [
                        (
                            change_link("debits_debit", one.pk, f"#{one.pk}"),
                            amount(one.amount_minor, one.currency),
                            word(one.state, one.get_state_display()),
                            when(one.created_at),
                        )
                        for one in rows
                    ],
                    "Nothing was debited yet.",
                ),
                Timeline(
                    "History",
                    [
                        Event(line.at, f"{line.what} {line.code}".strip(), line.by or "")
                        for line in row.history.select_related("by").order_by("id")[:_ROWS]
                    ],
                ),
            ],
            side=[
                Facts(
                    "Mandate",
                    [
                        Fact("Payer", self.payer(row)),
                        Fact("Account holder", row.holder),
                        Fact("Account", f"ends in {row.last4}"),
                        Fact("Bank", mono(row.bank)),
                        Fact("Kind", row.get_account_kind_display() or "IBAN"),
                        Fact("Proved from", day(row.usable_from, "not by a prenote")),
                        Fact("Last used for", day(row.last_used_on, "nothing yet")),
                    ],
                ),
                Facts(
                    "Proof",
                    [
                        Fact("Signed", when(row.signed_at)),
                        Fact("From", row.signed_ip),
                        Fact("With", row.signed_agent or "not known"),
                        Fact("Words", mono(row.words_version)),
                        Fact("Agreed to", row.proof),
                        Fact("Account validated by", row.validation or "not asked for"),
                        Fact("Ended", when(row.ended_at)),
                        Fact("By return code", row.ended_by_code or "none"),
                    ],
                ),
            ],
        )


QUEUES = QueueFilter.of(person=Queue("Needs a person", ~Q(needs_staff="")))


@admin.register(Debit)
class DebitAdmin(BankAdmin):
    list_display = ("number", "money", "status", "payer", "brand", "collected", "held", "code")
    list_display_links = ("number",)
    list_filter = (QUEUES, "state", "scheme")
    list_select_related = ("mandate__profile", "merchant_account__cluster")
    search_fields = ("id",)
    search_help_text = "Number, or the public id (EndToEndId)"
    intro = "Deposits by bank debit. They count when their hold has passed without a return."
    empty_title = "No debits"
    empty_text = "They appear here when fans pay by bank."
    export_columns = (
        "id",
        "public_id",
        "scheme",
        "state",
        "amount_minor",
        "currency",
        "collect_on",
        "hold_until",
        "return_code",
        "created_at",
    )

    def matching(self, term: str) -> Q | None:
        public_id, number = as_uuid(term), as_id(term)
        if public_id:
            return Q(public_id=public_id)
        return Q(pk=number) if number is not None else None

    @admin.display(description="Debit")
    def number(self, row: Debit) -> str:
        return f"#{row.pk}"

    @admin.display(description="Amount")
    def money(self, row: Debit) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @admin.display(description="Payer")
    def payer(self, row: Debit) -> SafeString:
        return change_link("accounts_profile", row.mandate.profile_id, row.mandate.profile)

    @admin.display(description="Collected from")
    def collected(self, row: Debit) -> str:
        return day(row.collect_on)

    @admin.display(description="Held until")
    def held(self, row: Debit) -> str:
        return day(row.hold_until)

    @admin.display(description="Return")
    def code(self, row: Debit) -> str:
        return row.return_code or "none"

    def page(self, request: HttpRequest, row: Debit) -> Page:
        item = FileItem.objects.filter(debit=row).select_related("file").defer("file__body").last()
        return Page(
            title=f"Debit #{row.pk}",
            subtitle=row.get_scheme_display(),
            state=self.status(row),
            amount=self.money(row),
            notice=row.needs_staff,
            main=[
                Timeline(
                    "History",
                    [
                        Event(line.at, line.reason, line.by or "")
                        for line in row.history.select_related("by").order_by("id")[:_ROWS]
                    ],
                ),
                Table(
                    "What the bank told",
                    [Cell("News"), Cell("Code"), Cell("State"), Cell("Why")],
                    [
                        (
                            change_link("debits_bankitem", one.pk, one.get_kind_display()),
                            mono(one.code),
                            word(one.state, one.get_state_display()),
                            one.why,
                        )
                        for one in row.news.order_by("id")[:_ROWS]
                    ],
                    "Nothing yet.",
                ),
            ],
            side=[
                Facts(
                    "Debit",
                    [
                        Fact("Payment", change_link(
                            "payments_transaction", row.transaction_id, f"#{row.transaction_id}"
                        )),
                        Fact("Mandate", change_link(
                            "debits_mandate", row.mandate_id, row.mandate.reference
                        )),
                        Fact("Payer", self.payer(row)),
                        Fact("File", change_link(
                            "debits_debitfile", item.file_id if item else None,
                            item.file.name if item else "",
                        )),
                        Fact("Its name at the bank", mono(item.reference if item else "")),
                        Fact("Presented", f"{row.presentation}. time"),
                        Fact("Not before", self.collected(row)),
                        Fact("Held until", self.held(row)),
                        Fact("Return code", self.code(row)),
                    ],
                )
            ],
        )  # fmt: skip


@admin.register(Transfer)
class TransferAdmin(BankAdmin):
    list_display = ("name", "money", "status", "payer", "brand", "announced", "expires")
    list_display_links = ("name",)
    list_filter = ("state",)
    list_select_related = ("profile", "merchant_account__cluster")
    search_fields = ("reference",)
    search_help_text = "Reference (RF…) or public id"
    intro = "Deposits by bank transfer, found on the account's statement by their reference."
    empty_title = "No transfers"
    empty_text = "They appear here when fans announce a transfer."

    def matching(self, term: str) -> Q | None:
        public_id = as_uuid(term)
        return Q(public_id=public_id) if public_id else Q(reference=term.replace(" ", "").upper())

    @admin.display(description="Reference")
    def name(self, row: Transfer) -> SafeString:
        return mono(row.reference)

    @admin.display(description="Amount")
    def money(self, row: Transfer) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @admin.display(description="Payer")
    def payer(self, row: Transfer) -> SafeString:
        return change_link("accounts_profile", row.profile_id, row.profile)

    @admin.display(description="Announced")
    def announced(self, row: Transfer) -> SafeString:
        return when(row.created_at)

    @admin.display(description="Waited for until")
    def expires(self, row: Transfer) -> SafeString:
        return when(row.expires_at)

    def page(self, request: HttpRequest, row: Transfer) -> Page:
        payment = change_link("payments_transaction", row.transaction_id, f"#{row.transaction_id}")
        return Page(
            title=f"Transfer {row.reference}",
            state=self.status(row),
            amount=self.money(row),
            main=[
                Table(
                    "What the bank told",
                    [Cell("News"), Cell("Amount", number=True), Cell("State"), Cell("Why")],
                    [
                        (
                            change_link("debits_bankitem", one.pk, f"#{one.pk}"),
                            amount(one.amount_minor, one.currency or row.currency),
                            word(one.state, one.get_state_display()),
                            one.why,
                        )
                        for one in row.news.order_by("id")[:_ROWS]
                    ],
                    "Nothing came yet.",
                )
            ],
            side=[
                Facts(
                    "Transfer",
                    [
                        Fact("Payment", payment),
                        Fact("Payer", self.payer(row)),
                        Fact("Announced", self.announced(row)),
                        Fact("Waited for until", self.expires(row)),
                        Fact("Ended", when(row.ended_at)),
                    ],
                )
            ],
        )
