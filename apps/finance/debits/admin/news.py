"""Files of the bank, what they told, and what a person must settle of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    Asked,
    Cell,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Table,
    Verb,
    Way,
    amount,
    as_id,
    ask_with,
    change_link,
    when,
)
from apps.finance.debits import services as debits
from apps.finance.debits.admin.shown import BankAdmin, mono, word
from apps.finance.debits.choices import Format, ItemState
from apps.finance.debits.models import BankFile, BankItem
from apps.finance.debits.rules.codes import RETURNS
from apps.finance.payments.selectors.banks import bank_accounts

_ROWS = 100
#: Worked off from what came first.
QUEUES = QueueFilter.of(person=Queue("Needs a person", Q(state=ItemState.QUEUED)))


def _queue_refusal(row: BankItem, _by: Any) -> str:
    if row.state == ItemState.QUEUED:
        return ""
    return f"it is {row.get_state_display().lower()}."


def _settle_preview(_row: BankItem, _by: Any) -> str:
    return "Takes it off the queue. Nothing is booked: what it means must be done by hand."


def _settle_run(row: BankItem, by: Any, reason: str) -> str:
    debits.settle_item(item_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Settled."


def _again_preview(_row: BankItem, _by: Any) -> str:
    return "The next run, within seconds, acts on it as if it had just come."


def _again_run(row: BankItem, by: Any, reason: str) -> str:
    debits.try_again(item_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "It waits for the next run."


SETTLE = Verb(
    name="settle",
    label="Settled by hand",
    permission="debits.settle_bankitem",
    preview=_settle_preview,
    refusal=_queue_refusal,
    run=_settle_run,
    danger=True,
    help="When what it is about was done elsewhere, or is none of ours.",
)
AGAIN = Verb(
    name="again",
    label="Try again",
    permission="debits.settle_bankitem",
    preview=_again_preview,
    refusal=_queue_refusal,
    run=_again_run,
    icon="replay",
    help="When what hindered it is mended.",
)


@admin.register(BankItem)
class BankItemAdmin(BankAdmin):
    list_display = ("number_word", "what", "status", "reference_word", "money", "why", "came")
    list_display_links = ("number_word",)
    list_filter = (QUEUES, "state", "kind")
    list_select_related = ("file", "debit", "transfer", "settled_by")
    search_fields = ("reference",)
    search_help_text = "Number"
    intro = (
        "Returns, corrections and money the bank told of. What fits nothing waits for a person."
    )
    empty_title = "No news of banks"
    empty_text = "Upload a file of the bank's; what it tells appears here."
    verbs = (AGAIN, SETTLE)
    export_columns = (
        "id",
        "kind",
        "state",
        "reference",
        "code",
        "amount_minor",
        "currency",
        "why",
        "file.name",
        "applied_at",
    )

    def matching(self, term: str) -> Q | None:
        number = as_id(term)
        return Q(pk=number) if number is not None else None

    @admin.display(description="News")
    def number_word(self, row: BankItem) -> str:
        return f"#{row.pk}"

    @admin.display(description="What")
    def what(self, row: BankItem) -> str:
        return f"{row.get_kind_display()} {row.code}".strip()

    @admin.display(description="Reference")
    def reference_word(self, row: BankItem) -> SafeString:
        return mono(row.reference)

    @admin.display(description="Amount")
    def money(self, row: BankItem) -> SafeString:
        return amount(row.amount_minor, row.currency or "EUR")

    @admin.display(description="Came")
    def came(self, row: BankItem) -> SafeString:
        return when(row.file.received_at)

    def page(self, request: HttpRequest, row: BankItem) -> Page:
        debit = f"#{row.debit_id}"
        return Page(
            title=f"{row.get_kind_display()} #{row.pk}",
            subtitle=f"{row.code} {RETURNS.get(row.code, '')}".strip(),
            state=self.status(row),
            amount=self.money(row),
            notice=row.why if row.state == ItemState.QUEUED else "",
            main=[
                Facts(
                    "What the bank wrote",
                    [
                        Fact("Reference", mono(row.reference)),
                        Fact("Code", mono(row.code)),
                        Fact("Text", row.text or "none"),
                        Fact("Why it waited", row.why or "it did not"),
                    ],
                )
            ],
            side=[
                Facts(
                    "News",
                    [
                        Fact("File", change_link("debits_bankfile", row.file_id, row.file)),
                        Fact("Debit", change_link("debits_debit", row.debit_id, debit)),
                        Fact("Transfer", change_link(
                            "debits_transfer", row.transfer_id, row.transfer
                        )),
                        Fact("Came", self.came(row)),
                        Fact("Acted on", when(row.applied_at)),
                        Fact("Settled by", row.settled_by or "nobody"),
                    ],
                )
            ],
        )  # fmt: skip


def _accounts() -> list[tuple[str, str]]:
    return [
        (f"{one.pk}:{one.gateway}", f"{one.cluster.name}: {one.get_gateway_display()} {one}")
        for one in bank_accounts()
    ]


class UploadForm(forms.Form):
    """A file of the bank's, and of which account it is."""

    account = forms.ChoiceField(choices=_accounts, label="Account")
    format_name = forms.ChoiceField(choices=Format.choices, label="Format")
    file = forms.FileField(
        label="File",
        max_length=200,
        help_text=f"Up to {debits.LARGEST_FILE // 2**20} MB. The same file is taken once.",
    )


UPLOAD = Asked(
    "Upload a file of the bank's",
    "It is read whole or not at all; the next run acts on it within seconds.",
    "Upload",
    "debits.take_bankfile",
)


@admin.register(BankFile)
class BankFileAdmin(BankAdmin):
    list_display = ("name", "kind", "brand", "count", "told_before", "came")
    list_display_links = ("name",)
    list_filter = ("format",)
    list_select_related = ("merchant_account__cluster", "received_by")
    search_fields = ("sha256",)
    search_help_text = "SHA-256 or number"
    intro = "Returns, reports and statements of banks. A file is read whole or not at all."
    empty_title = "No files of banks"
    empty_text = "Upload a return file, a status report or a statement."

    def matching(self, term: str) -> Q | None:
        number = as_id(term)
        meaning = Q(sha256=term.lower())
        return meaning if number is None else meaning | Q(pk=number)

    @admin.display(description="Format")
    def kind(self, row: BankFile) -> str:
        return row.get_format_display()

    @admin.display(description="News")
    def count(self, row: BankFile) -> str:
        return f"{row.items:,}"

    @admin.display(description="Told before")
    def told_before(self, row: BankFile) -> str:
        return f"{row.repeats:,}"

    @admin.display(description="Received")
    def came(self, row: BankFile) -> SafeString:
        return when(row.received_at)

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm("debits.take_bankfile"):
            return []
        return [Way("Upload a file", self.address("upload"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        upload = path("upload/", gate(self.upload_view), name="debits_bankfile_upload")
        return [upload, *super().get_urls()]

    def page(self, request: HttpRequest, row: BankFile) -> Page:
        return Page(
            title=row.name,
            subtitle=row.get_format_display(),
            main=[
                Table(
                    f"What it tells (the first {_ROWS})",
                    [Cell("News"), Cell("Reference"), Cell("Amount", number=True), Cell("State"),
                     Cell("Why")],
                    [
                        (
                            change_link(
                                "debits_bankitem", one.pk, f"{one.get_kind_display()} {one.code}"
                            ),
                            mono(one.reference),
                            amount(one.amount_minor, one.currency or "EUR"),
                            word(one.state, one.get_state_display()),
                            one.why,
                        )
                        for one in row.news.order_by("number")[:_ROWS]
                    ],
                    "Nothing that is news to us.",
                )
            ],
            side=[
                Facts(
                    "File",
                    [
                        Fact("Account", change_link(
                            "payments_merchantaccount", row.merchant_account_id,
                            row.merchant_account,
                        )),
                        Fact("News", f"{row.items:,}"),
                        Fact("Told by earlier files", f"{row.repeats:,}"),
                        Fact("SHA-256", mono(row.sha256)),
                        Fact("Bytes", f"{row.size:,}"),
                        Fact("Received", self.came(row)),
                        Fact("From", row.received_by or "the drop of the bank"),
                    ],
                )
            ],
        )  # fmt: skip

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """GET asks for a file; POST takes it in, whole or not at all."""
        form = UploadForm(request.POST or None, request.FILES or None)
        return ask_with(self, request, UPLOAD, form=form, do=lambda _by: self.take(request, form))

    def take(self, request: HttpRequest, form: UploadForm) -> HttpResponse:
        """
        :raises DomainError: as ``receive_bank_file``
        """
        given = form.cleaned_data
        account, _, gateway = given["account"].partition(":")
        received = debits.receive_bank_file(
            account_id=int(account),
            gateway=gateway,
            format_name=given["format_name"],
            file=given["file"],
            name=given["file"].name,
            by=request.user,  # type: ignore[arg-type]  # signed in
            now=timezone.now(),
        )
        if received.replayed:
            messages.info(request, "This file was taken before; here it is.")
        else:
            messages.success(request, f"Taken: {received.file.items} pieces of news.")
        return HttpResponseRedirect(self.address("change", received.file.pk))
