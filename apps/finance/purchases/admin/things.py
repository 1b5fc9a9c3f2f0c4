"""What pages of things of a creator have in common: how they are found, named and linked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.utils.safestring import SafeString

from apps.accounts.selectors import people_named
from apps.core.admin import ConsoleAdmin, as_id, as_uuid, change_link


class FoundByPerson(ConsoleAdmin):
    """Found by number, by id, or by a person it has: its ``person``."""

    person = "creator"
    search_fields = ("public_id",)

    def matching(self, term: str) -> Q:
        if (number := as_id(term)) is not None:
            return Q(pk=number)
        if (public_id := as_uuid(term)) is not None:
            return Q(public_id=public_id)
        return Q(**{f"{self.person}__in": people_named(term)})


class ThingAdmin(FoundByPerson):
    """A list of what creators have made: items, goals."""

    list_display_links = ("name",)
    search_help_text = "Number, id, creator's @handle or e-mail address"

    @admin.display(description="What")
    def name(self, row: Any) -> str:
        return str(row.title)

    @admin.display(description="Creator")
    def creator_link(self, row: Any) -> SafeString:
        return change_link("accounts_profile", row.creator_id, row.creator)
