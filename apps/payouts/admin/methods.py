"""Console pages of payout methods: where creators want to be paid."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
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
    as_id,
    as_uuid,
    change_link,
    state,
    when,
)
from apps.payouts.models import PayoutMethod


@admin.register(PayoutMethod)
class PayoutMethodAdmin(ConsoleAdmin):
    list_display = ("id", "owner", "rail", "to", "word", "added")
    list_filter = (DaysFilter.on("added_at"),)
    list_select_related = ("profile", "profile__cluster")
    search_fields = ("id",)
    search_help_text = "Number or public id"
    intro = "Where creators want to be paid. Creators add and switch them off; staff only look."
    empty_text = "Creators add a method before their first payout."

    def matching(self, term: str) -> Q | None:
        public_id, number = as_uuid(term), as_id(term)
        if public_id:
            return Q(public_id=public_id)
        return None if number is None else Q(pk=number)

    @admin.display(description="Creator")
    def owner(self, row: PayoutMethod) -> SafeString:
        return change_link("accounts_profile", row.profile_id, row.profile)

    @admin.display(description="To")
    def to(self, row: PayoutMethod) -> str:
        return str(row.details.get("email", ""))

    @admin.display(description="State")
    def word(self, row: PayoutMethod) -> SafeString:
        return state("ACTIVE") if row.is_active else state("OFF", "Switched off")

    @admin.display(description="Added")
    def added(self, row: PayoutMethod) -> SafeString:
        return when(row.added_at)

    def page(self, request: HttpRequest, row: PayoutMethod) -> Page:
        same = (
            PayoutMethod.objects.filter(fingerprint=row.fingerprint)
            .exclude(pk=row.pk)
            .select_related("profile")
            .order_by("id")[:20]
        )
        return Page(
            title=str(row),
            subtitle=f"Payout method of {row.profile}",
            state=self.word(row),
            main=[
                Facts(
                    "Method",
                    [
                        Fact("Creator", self.owner(row)),
                        Fact("Brand", row.profile.cluster.name),
                        Fact("Added", when(row.added_at)),
                        Fact("Switched off", when(row.deactivated_at)),
                    ],
                ),
                Table(
                    "Others with the same account",
                    [Cell("Method"), Cell("Creator")],
                    [
                        [
                            change_link("payouts_payoutmethod", other.pk, other.pk),
                            change_link("accounts_profile", other.profile_id, other.profile),
                        ]
                        for other in same
                    ],
                    empty="Nobody else is paid to this account.",
                ),
                Raw.of_json("Details", row.details),
            ],
        )
