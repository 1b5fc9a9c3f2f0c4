"""What lay at the bank and could not be read, and how much of what we collect comes back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Table,
    Verb,
    change_link,
    when,
)
from apps.finance.debits import services as debits
from apps.finance.debits.admin.shown import BankAdmin, brand_of, day, mono, word
from apps.finance.debits.choices import FoundState
from apps.finance.debits.models import FoundFile, ReturnRate
from apps.finance.debits.rules.returns import WINDOW_DAYS, Share, shares

NAMES = ("Not authorised", "Wrong account data", "All returns")
UNREAD = QueueFilter.of(unread=Queue("Not read", Q(state=FoundState.UNREAD)))
RATES = QueueFilter.of(near=Queue("Near a line", Q(is_near=True), ("-day", "-id")))


def _settle_refusal(row: FoundFile, _by: Any) -> str:
    return "" if row.state == FoundState.UNREAD else f"it is {row.get_state_display().lower()}."


def _settle_preview(_row: FoundFile, _by: Any) -> str:
    return "Takes it off the queue. What the file tells must be known already, or be none of ours."


def _settle_run(row: FoundFile, by: Any, reason: str) -> str:
    debits.settle_found(found_id=row.pk, by=by, reason=reason)
    return "Settled."


SETTLE = Verb(
    name="settle",
    label="Settled by hand",
    permission="debits.settle_foundfile",
    preview=_settle_preview,
    refusal=_settle_refusal,
    run=_settle_run,
    danger=True,
    help="After it was read by hand, uploaded whole, or found to be none of ours.",
)


@admin.register(FoundFile)
class FoundFileAdmin(BankAdmin):
    list_display = ("name", "status", "brand", "why", "length", "found")
    list_display_links = ("name",)
    list_filter = (UNREAD, "state")
    list_select_related = ("merchant_account__cluster",)
    search_fields = ("path",)
    search_help_text = "Path"
    intro = "What lay in the drops of our banks. A file is judged once, and again when it changed."
    empty_title = "No files found"
    empty_text = "They appear here when an account has a drop, and the bank left something in it."
    verbs = (SETTLE,)

    def matching(self, term: str) -> Q | None:
        return Q(path=term)

    @admin.display(description="File")
    def name(self, row: FoundFile) -> SafeString:
        return mono(row.path)

    @admin.display(description="Bytes")
    def length(self, row: FoundFile) -> str:
        return f"{row.size:,}"

    @admin.display(description="Found")
    def found(self, row: FoundFile) -> SafeString:
        return when(row.found_at)

    def page(self, request: HttpRequest, row: FoundFile) -> Page:
        return Page(
            title=row.path,
            state=self.status(row),
            notice=row.why if row.state == FoundState.UNREAD else "",
            side=[
                Facts(
                    "File",
                    [
                        Fact("Account", change_link(
                            "payments_merchantaccount", row.merchant_account_id,
                            row.merchant_account,
                        )),
                        Fact("Bytes", self.length(row)),
                        Fact("Written", when(row.modified_at)),
                        Fact("Found", self.found(row)),
                        Fact("Taken in as", change_link(
                            "debits_bankfile", row.bank_file_id, row.bank_file
                        )),
                        Fact("Why not", row.why or "it was read"),
                        Fact("Settled by", row.settled_by or "nobody"),
                    ],
                )
            ],
        )  # fmt: skip


@admin.register(ReturnRate)
class ReturnRateAdmin(ConsoleAdmin):
    list_display = (
        "account", "on", "status", "debits", "unauthorised_word", "administrative_word",
        "all_word",
    )  # fmt: skip
    list_display_links = ("account",)
    list_filter = (RATES,)
    list_select_related = ("merchant_account__cluster",)
    ordering = ("-day", "-id")
    intro = (
        f"Returns among the debits of the {WINDOW_DAYS} days before. Over Nacha's lines the bank "
        "may stop us: 0.5 % not authorised, 3 % wrong account data, 15 % in all."
    )
    empty_title = "No debits yet"
    empty_text = "Measured every hour, once files were handed over."
    export_columns = (
        "merchant_account_id", "day", "entries", "unauthorised", "administrative", "returned",
        "is_near",
    )  # fmt: skip

    @admin.display(description="Account")
    def account(self, row: ReturnRate) -> str:
        return f"{brand_of(row)}: {row.merchant_account}"

    @admin.display(description="Day")
    def on(self, row: ReturnRate) -> str:
        return day(row.day)

    @admin.display(description="State")
    def status(self, row: ReturnRate) -> SafeString:
        if any(share.is_over for share in _shares(row)):
            return word("FAILED", "Over a line")
        return word("PENDING", "Near a line") if row.is_near else word("OK", "Fine")

    @admin.display(description="Debits")
    def debits(self, row: ReturnRate) -> str:
        return f"{row.entries:,}"

    @admin.display(description=NAMES[0])
    def unauthorised_word(self, row: ReturnRate) -> str:
        return _percent(_shares(row)[0])

    @admin.display(description=NAMES[1])
    def administrative_word(self, row: ReturnRate) -> str:
        return _percent(_shares(row)[1])

    @admin.display(description=NAMES[2])
    def all_word(self, row: ReturnRate) -> str:
        return _percent(_shares(row)[2])

    def page(self, request: HttpRequest, row: ReturnRate) -> Page:
        return Page(
            title=f"Returns of {row.merchant_account}",
            subtitle=f"{WINDOW_DAYS} days to {day(row.day)}",
            state=self.status(row),
            main=[
                Table(
                    "Lines",
                    [Cell("Returns"), Cell("Count", number=True), Cell("Debits", number=True),
                     Cell("Share", number=True), Cell("Line", number=True)],
                    [
                        (name, f"{share.returns:,}", f"{share.entries:,}", _percent(share),
                         f"{share.line_bps // 100}.{share.line_bps % 100:02d} %")
                        for name, share in zip(NAMES, _shares(row), strict=True)
                    ],
                    "",
                )
            ],
            side=[
                Facts(
                    "Measure",
                    [
                        Fact("Account", change_link(
                            "payments_merchantaccount", row.merchant_account_id,
                            row.merchant_account,
                        )),
                        Fact("Measured", when(row.measured_at)),
                    ],
                )
            ],
        )  # fmt: skip


def _shares(row: ReturnRate) -> tuple[Share, Share, Share]:
    return shares(
        entries=row.entries,
        unauthorised=row.unauthorised,
        administrative=row.administrative,
        returned=row.returned,
    )


def _percent(share: Share) -> str:
    return f"{share.bps // 100}.{share.bps % 100:02d} %"
