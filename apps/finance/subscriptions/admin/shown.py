"""How subscriptions look in the console's lists and pages."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.models import Profile, User
from apps.core.admin import amount, as_id, as_uuid, state
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.models import Subscription

#: The word whose colour a state has in the console.
_TONES = {
    State.INCOMPLETE: "PENDING",
    State.TRIALING: "PROCESSING",
    State.ACTIVE: "ACTIVE",
    State.PAST_DUE: "FAILED",
    State.PAUSED: "PAUSED",
    State.ENDED: "ENDED",
}
#: A person has a profile on each brand, at most a few dozen.
MOST_PROFILES = 100


def word_of(row: Subscription) -> SafeString:
    """Its state as a coloured word; a cancelled one says when it ends."""
    shown = state(_TONES[State(row.state)], row.get_state_display())
    if row.cancel_at_end and row.state != State.ENDED:
        return format_html("{} {}", shown, state("PENDING", "Cancelled"))
    return shown


def price_of(row: Subscription) -> SafeString:
    """What a period costs, and how long it is."""
    if row.price_id is None:
        return format_html('<span class="c-none">{}</span>', "free")
    lasts = {0: "for life", 1: "a month", 12: "a year"}.get(row.months, f"{row.months} months")
    price = amount(row.amount_minor, row.currency)
    return format_html("{}&nbsp;<small>{}</small>", price, lasts.replace(" ", "\u00a0"))


def meaning_of(term: str) -> Q | None:
    """Return the subscriptions a search means: number, public id, e-mail, or handle of fan or
    creator; by index."""
    public_id, number = as_uuid(term), as_id(term)
    if public_id:
        return Q(public_id=public_id)
    if number is not None:
        return Q(pk=number)
    ids = profiles_called(term)
    return Q(fan__in=ids) | Q(creator__in=ids)


def profiles_called(term: str) -> list[int]:
    """Return whom an e-mail address or a handle means, on whatever brands; by index."""
    if "@" in term.removeprefix("@"):
        users = User.objects.filter(Exact(Lower("email"), term.lower()))
        found = Profile.objects.filter(user__in=users)
    else:
        found = Profile.objects.filter(Exact(Lower("handle"), term.removeprefix("@").lower()))
    return list(found.values_list("pk", flat=True)[:MOST_PROFILES])
