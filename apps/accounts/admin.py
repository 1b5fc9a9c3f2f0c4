"""People in the console: who they are, what they may, where they are known."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.accounts import rules
from apps.accounts import services as accounts
from apps.accounts.choices import AgeState
from apps.accounts.models import Factor, Profile, User
from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    Verb,
    as_id,
    change_link,
    state,
    when,
)

# allauth registers its tables with Django's own pages; secrets of factors are not for looking at.


class RoleForm(forms.Form):
    role = forms.ChoiceField(
        choices=[("", "Choose a role"), *((role, role.capitalize()) for role in rules.ROLES)]
    )


def role_refusal(user: User, by: Any) -> str:
    return "nobody changes their own roles." if user.pk == by.pk else ""


def held(user: User) -> str:
    return ", ".join(sorted(group.name for group in user.groups.all())) or "none"


def grant_preview(user: User, _by: Any) -> str:
    return f"Has now: {held(user)}. The role chosen below is added, at once."


def grant_run(user: User, by: Any, reason: str, *, role: str) -> str:
    accounts.grant_role(user=user, role=role, by=by, reason=reason, now=timezone.now())
    return f"{user.email} has the role {role}."


def revoke_refusal(user: User, by: Any) -> str:
    return role_refusal(user, by) or ("" if user.groups.all() else "they hold no role.")


def revoke_preview(user: User, _by: Any) -> str:
    return f"Has now: {held(user)}. The role chosen below is taken away, at once."


def revoke_run(user: User, by: Any, reason: str, *, role: str) -> str:
    accounts.revoke_role(user=user, role=role, by=by, reason=reason, now=timezone.now())
    return f"{user.email} does not have the role {role}."


ROLE_VERBS = (
    Verb(
        name="grant-role",
        label="Grant role",
        permission="accounts.manage_roles",
        preview=grant_preview,
        refusal=role_refusal,
        run=grant_run,
        form=RoleForm,
        help="A staff role opens FanzDash to this person, given a second factor.",
    ),
    Verb(
        name="revoke-role",
        label="Revoke role",
        permission="accounts.manage_roles",
        preview=revoke_preview,
        refusal=revoke_refusal,
        run=revoke_run,
        form=RoleForm,
        danger=True,
        icon="block",
        is_quiet=True,
        help="Without any staff role FanzDash is closed to this person.",
    ),
)


class AgeForm(forms.Form):
    outcome = forms.ChoiceField(choices=[("", "Choose what was found"), *AgeState.choices])


def age_refusal(user: User, by: Any) -> str:
    return "nobody records their own age check." if user.pk == by.pk else ""


def age_preview(user: User, _by: Any) -> str:
    return (
        f"Known now: {user.get_age_state_display().lower()}. Only an adult may subscribe and buy."
        " What runs already goes on."
    )


def age_run(user: User, by: Any, reason: str, *, outcome: str) -> str:
    checked = accounts.record_age_check(
        user=user, state=outcome, by=by, reason=reason, now=timezone.now()
    )
    return f"{user.email}: {checked.get_age_state_display().lower()}."


AGE_VERB = Verb(
    name="check-age",
    label="Record age check",
    permission="accounts.check_age",
    preview=age_preview,
    refusal=age_refusal,
    run=age_run,
    form=AgeForm,
    icon="how_to_reg",
    help="Say in the reason what the age is known from: the provider and its reference.",
)
#: The colour of the word, which says it too.
AGE_TONES = {AgeState.ADULT: "OK", AgeState.MINOR: "REFUSED", AgeState.UNKNOWN: "UNKNOWN"}


@admin.register(User)
class UserAdmin(ConsoleAdmin):
    list_display = ("email", "role_names", "word", "age", "joined")
    list_display_links = ("email",)
    list_filter = ("is_staff",)
    search_fields = ("email",)
    search_help_text = "E-mail address or number"
    intro = "One person, the same on every brand."
    empty_text = "Who signs up on a brand site appears here."
    found_by_search = True
    icon = "person"
    verbs = (AGE_VERB, *ROLE_VERBS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def matching(self, term: str) -> Q | None:
        number = as_id(term)
        if number is not None:
            return Q(pk=number)
        return Q(Exact(Lower("email"), term.lower())) if "@" in term else None

    @admin.display(description="Roles")
    def role_names(self, row: User) -> str:
        return held(row)

    @admin.display(description="State")
    def word(self, row: User) -> SafeString:
        return state("ACTIVE") if row.is_active else state("CLOSED")

    @admin.display(description="Age")
    def age(self, row: User) -> SafeString:
        return state(AGE_TONES[AgeState(row.age_state)], row.get_age_state_display())

    @admin.display(description="Joined")
    def joined(self, row: User) -> SafeString:
        return when(row.date_joined)

    def page(self, request: HttpRequest, row: User) -> Page:
        profiles = row.profiles.select_related("cluster").order_by("id")[:50]
        factors = [str(factor) for factor in Factor.objects.filter(user=row).order_by("id")]
        return Page(
            title=row.email,
            subtitle=f"User {row.pk}",
            state=self.word(row),
            main=[
                Table(
                    "Profiles",
                    [Cell("Profile"), Cell("Brand"), Cell("Role")],
                    [
                        [
                            change_link("accounts_profile", profile.pk, profile),
                            profile.cluster.name,
                            "creator" if profile.is_creator else "fan",
                        ]
                        for profile in profiles
                    ],
                    empty="Known on no brand yet.",
                )
            ],
            side=[
                Facts(
                    "Access",
                    [
                        Fact("Roles", self.role_names(row)),
                        Fact("May enter FanzDash", "yes" if row.is_staff else "no"),
                        Fact("Second factors", ", ".join(factors) or "none"),
                        Fact("Age", self.age(row)),
                        Fact("Age checked", when(row.age_checked_at, "never")),
                        Fact("Joined", when(row.date_joined)),
                        Fact("Last sign-in", when(row.last_login)),
                    ],
                )
            ],
        )


@admin.register(Profile)
class ProfileAdmin(ConsoleAdmin):
    list_display = ("display_name", "handle", "brand", "role", "joined")
    list_display_links = ("display_name",)
    list_filter = ("is_creator", "cluster")
    list_select_related = ("cluster", "user")
    search_fields = ("handle",)
    search_help_text = "Handle or number"
    intro = "A person on one brand. Wallets and earnings belong to a profile."
    empty_text = "A profile is made when a person first uses a brand."
    found_by_search = True
    icon = "badge"

    def matching(self, term: str) -> Q:
        number = as_id(term)
        if number is not None:
            return Q(pk=number)
        return Q(Exact(Lower("handle"), term.removeprefix("@").lower()))

    @admin.display(description="Brand")
    def brand(self, row: Profile) -> str:
        return row.cluster.name

    @admin.display(description="Role")
    def role(self, row: Profile) -> SafeString:
        return state("PROCESSING", "Creator") if row.is_creator else state("FAN")

    @admin.display(description="Since")
    def joined(self, row: Profile) -> SafeString:
        return when(row.created_at)

    def page(self, request: HttpRequest, row: Profile) -> Page:
        return Page(
            title=row.display_name,
            subtitle=f"@{row.handle} on {row.cluster.name}",
            state=self.role(row),
            main=[
                Facts(
                    "Profile",
                    [
                        Fact("Person", change_link("accounts_user", row.user_id, row.user)),
                        Fact(
                            "Brand", change_link("clusters_cluster", row.cluster_id, row.cluster)
                        ),
                        Fact("Number", row.pk),
                        Fact("Since", when(row.created_at)),
                        Fact("Bio", row.bio or "none"),
                    ],
                )
            ],
        )


if admin.site.is_registered(Group):
    admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(ConsoleAdmin):
    list_display = ("name",)
    ordering = ("name", "id")
    intro = "What each role may. Roles are code: a change is reviewed like any other."
    empty_text = "Roles are made by the command sync_roles."

    def page(self, request: HttpRequest, row: Group) -> Page:
        permissions = row.permissions.select_related("content_type").order_by(
            "content_type__app_label", "codename"
        )
        return Page(
            title=row.name.capitalize(),
            subtitle="Role",
            main=[
                Table(
                    "Permissions",
                    [Cell("Area"), Cell("May")],
                    [[p.content_type.app_label, p.name] for p in permissions],
                    empty="This role opens nothing in FanzDash.",
                )
            ],
        )
