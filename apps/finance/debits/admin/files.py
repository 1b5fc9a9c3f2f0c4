"""Files for the bank: look, approve, take to the bank."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
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
    change_link,
    when,
)
from apps.core.errors import DomainError
from apps.core.show import money_text
from apps.finance.debits import services as debits
from apps.finance.debits.admin.shown import BankAdmin, day, mono, word
from apps.finance.debits.choices import FileState
from apps.finance.debits.models import DebitFile, FileCopy, FileItem

_ROWS = 100


def _entry_of(one: FileItem) -> SafeString:
    """Return a link to the debit, or to the mandate whose account a prenote proves."""
    if one.mandate is not None:
        return change_link("debits_mandate", one.mandate_id, f"Prenote of {one.mandate}")
    again = f" ({one.presentation}. time)" if one.presentation > 1 else ""
    return change_link("debits_debit", one.debit_id, f"#{one.debit_id}{again}")


def _entry_state(one: FileItem) -> SafeString:
    row = one.debit or one.mandate
    if row is None or (one.debit is not None and one.debit.presentation != one.presentation):
        return word("REPEAT", "Presented again")
    return word(row.state, row.get_state_display())


def _surely(one: FileCopy) -> SafeString | str:
    if one.placed_at is not None:
        return when(one.placed_at)
    if one.place:
        return "not yet known"
    return "by hand" if one.taken_at else ""


def _approve_refusal(row: DebitFile, by: Any) -> str:
    if row.state != FileState.MADE:
        return f"it is {row.get_state_display().lower()}."
    if row.approvals.filter(by=by).exists():
        return "you have approved it; now somebody else must."
    return ""


def _approve_preview(row: DebitFile, _by: Any) -> str:
    number = row.approvals.count() + 1
    what = f"{row.items} debits over {money_text(row.total)}"
    return f"This is approval {number} of 2 for {what}. After two it may be taken to the bank."


def _approve_run(row: DebitFile, by: Any, reason: str) -> str:
    done = debits.approve_file(file_id=row.pk, by=by, reason=reason, now=timezone.now())
    if done.state == FileState.APPROVED:
        return "Approved. It may be taken to the bank now."
    return "Approved by you. A second person must approve it."


APPROVE = Verb(
    name="approve",
    label="Approve",
    permission="debits.approve_file",
    preview=_approve_preview,
    refusal=_approve_refusal,
    run=_approve_run,
    help="Two people compare number, total and entry hash with what they expect.",
)


def _copy_refusal(row: DebitFile, by: Any) -> str:
    last = row.copies.order_by("-number").first()
    if last is None or last.taken_at is None:
        return "it was not handed over, or a copy waits to be taken."
    if by.pk == (last.released_by_id if last.place else last.taken_by_id):
        return "the last copy was yours; somebody else must release another."
    return ""


def _copy_preview(_row: DebitFile, _by: Any) -> str:
    return (
        "Lets the same bytes be taken once more. If the bank has the file already, it may collect "
        "twice: ask the bank first, and write down who said that they do not have it."
    )


def _copy_run(row: DebitFile, by: Any, reason: str) -> str:
    debits.release_copy(file_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "One more copy may be taken."


COPY = Verb(
    name="copy",
    label="Release another copy",
    permission="debits.approve_file",
    preview=_copy_preview,
    refusal=_copy_refusal,
    run=_copy_run,
    danger=True,
    is_quiet=True,
    help="Only when the bank surely has none.",
)


def _confirm_refusal(row: DebitFile, _by: Any) -> str:
    last = row.copies.order_by("-number").first()
    if row.state != FileState.SENDING or last is None or not last.problem:
        return "nobody doubts where it is."
    return ""


def _confirm_preview(row: DebitFile, _by: Any) -> str:
    return (
        f"You asked the bank, and it has the file: {row.items} entries over "
        f"{money_text(row.total)}. The hold begins now; after it the debits count as paid."
    )


def _confirm_run(row: DebitFile, by: Any, reason: str) -> str:
    debits.confirm_copy(file_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "It counts as handed over."


CONFIRM = Verb(
    name="confirm",
    label="The bank has it",
    permission="debits.hand_over_file",
    preview=_confirm_preview,
    refusal=_confirm_refusal,
    run=_confirm_run,
    danger=True,
    help="Write down who at the bank said so. If it has none, release another copy.",
)


def _refuse_refusal(row: DebitFile, by: Any) -> str:
    if row.state != FileState.HANDED_OVER:
        return "it was not handed over."
    if row.handed_to_id == by.pk:
        return "you took it to the bank; somebody else must say so."
    return ""


def _refuse_preview(row: DebitFile, _by: Any) -> str:
    return (
        f"The bank collects nothing of it. Its {row.items} entries wait for the next file, and "
        "are asked for again. If the bank collects it all the same, payers pay twice: ask first."
    )


def _refuse_run(row: DebitFile, by: Any, reason: str) -> str:
    back = debits.refuse_file(file_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"{back} debits wait for the next file."


REFUSE = Verb(
    name="refuse",
    label="The bank refused it",
    permission="debits.approve_file",
    preview=_refuse_preview,
    refusal=_refuse_refusal,
    run=_refuse_run,
    danger=True,
    is_quiet=True,
    help="Only as a whole; single debits come back as returns.",
)
QUEUES = QueueFilter.of(
    approve=Queue("To approve", Q(state=FileState.MADE), ("made_at", "id")),
    doubt=Queue("In doubt", ~Q(problem=""), ("made_at", "id")),
)


@admin.register(DebitFile)
class DebitFileAdmin(BankAdmin):
    list_display = ("title", "status", "count", "money", "brand", "collected", "made")
    list_display_links = ("title",)
    list_filter = (QUEUES, "state", "scheme")
    list_select_related = ("merchant_account__cluster",)
    search_fields = ("name",)
    search_help_text = "Name or SHA-256"
    intro = "What we ask banks to collect. Each file is made once and handed over once."
    empty_title = "No files"
    empty_text = "A file is made at each cut-off when debits are due."
    verbs = (APPROVE, CONFIRM, COPY, REFUSE)
    export_columns = (
        "name",
        "scheme",
        "state",
        "items",
        "total_minor",
        "currency",
        "entry_hash",
        "sha256",
        "cut_off",
        "collect_on",
        "made_at",
        "handed_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[DebitFile]:
        return super().get_queryset(request).defer("body")

    def matching(self, term: str) -> Q | None:
        return Q(name=term) | Q(sha256=term.lower())

    @admin.display(description="File")
    def title(self, row: DebitFile) -> SafeString:
        return mono(row.name)

    @admin.display(description="Debits")
    def count(self, row: DebitFile) -> str:
        return f"{row.items:,}"

    @admin.display(description="Total")
    def money(self, row: DebitFile) -> SafeString:
        return amount(row.total_minor, row.currency)

    @admin.display(description="Collected on")
    def collected(self, row: DebitFile) -> str:
        return day(row.collect_on)

    @admin.display(description="Made")
    def made(self, row: DebitFile) -> SafeString:
        return when(row.made_at)

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        take = path("<path:object_id>/take/", gate(self.take_view), name="debits_debitfile_take")
        return [take, *super().get_urls()]

    def page(self, request: HttpRequest, row: DebitFile) -> Page:
        can_take = request.user.has_perm("debits.hand_over_file")
        is_left = row.copies.filter(taken_at__isnull=True).exists()
        items = row.entries.select_related("debit", "mandate").order_by("number")[:_ROWS]
        approvals = ", ".join(str(one.by) for one in row.approvals.select_related("by"))
        return Page(
            title=row.name,
            subtitle=row.get_scheme_display(),
            state=self.status(row),
            amount=self.money(row),
            notice=row.problem,
            ways=[Way("Take to the bank", self.address("take", row.pk), is_main=True)]
            if can_take and is_left
            else [],
            main=[
                Table(
                    f"Entries (the first {_ROWS})",
                    [Cell("Number", number=True), Cell("Of"), Cell("At the bank"),
                     Cell("Amount", number=True), Cell("State")],
                    [
                        (
                            one.number,
                            _entry_of(one),
                            mono(one.reference),
                            amount(one.amount_minor, row.currency),
                            _entry_state(one),
                        )
                        for one in items
                    ],
                    "",
                    totals=[("", f"{row.items:,} in all", "", self.money(row), "")],
                ),
                Table(
                    "Handed over",
                    [Cell("Copy", number=True), Cell("Released by"), Cell("Taken by"),
                     Cell("Taken"), Cell("Surely there"), Cell("Why")],
                    [
                        (one.number, one.released_by, one.taken_by or one.place or "nobody yet",
                         when(one.taken_at), _surely(one), one.problem or one.reason)
                        for one in row.copies.select_related("released_by", "taken_by")
                        .order_by("number")
                    ],
                    "Two people must approve it first.",
                ),
            ],
            side=[
                Facts(
                    "File",
                    [
                        Fact("Cut-off", when(row.cut_off)),
                        Fact("Collected on", self.collected(row)),
                        Fact("Entry hash", mono(row.entry_hash)),
                        Fact("SHA-256", mono(row.sha256)),
                        Fact("Bytes", f"{row.size:,}"),
                        Fact("Approved by", approvals or "nobody yet"),
                        Fact("Made", self.made(row)),
                        Fact("Handed over", when(row.handed_at)),
                    ],
                )
            ],
        )  # fmt: skip

    def take_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET asks, POST hands the bytes over, once."""
        if not request.user.has_perm("debits.hand_over_file"):
            raise Http404
        number = as_id(object_id)
        row = self.get_queryset(request).filter(pk=number).first() if number else None
        if row is None:
            raise Http404
        wrong = ""
        if request.method == "POST":
            try:
                body = debits.take_file(
                    file_id=row.pk,
                    by=request.user,  # type: ignore[arg-type]  # signed in
                    now=timezone.now(),
                )
            except DomainError as error:
                wrong = str(error)
            else:
                return HttpResponse(
                    body,
                    content_type="application/octet-stream",
                    headers={
                        "Content-Disposition": f'attachment; filename="{row.name}"',
                        "Cache-Control": "no-store",
                    },
                )
        context = {
            "title": f"Take {row.name} to the bank",
            "lead": f"{row.items} debits over {money_text(row.total)}. It is handed over once: "
            "another copy needs a second person. The hold begins now.",
            "form": forms.Form(),
            "wrong": wrong,
            "button": "Download it",
            "back": self.address("change", row.pk),
            "back_label": row.name,
        }
        return self.drawn(
            request, "admin/console/form.html", context, status=409 if wrong else 200
        )
