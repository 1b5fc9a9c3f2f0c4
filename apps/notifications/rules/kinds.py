"""Every kind of mail: who may turn it off, its subject line, what its text must be told.

``needs`` are the keys of a context without which the text would not say what law and card
networks want said; ``may`` are those it shows when they are given and not empty. Amounts are
ready text ("$12.00"), days ISO 8601 ("2026-02-01").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from apps.notifications import errors

#: What each mail about a subscription is told: creator's name, plan, price and period of the
#: plan as sold, the text on the statement, and the page where one click cancels.
SUBSCRIPTION = frozenset(
    {"creator", "plan", "price", "period", "currency", "descriptor", "manage_url", "cancel_how"}
)
#: What is charged next, all of it with tax, on which day, and what each time after that.
_NEXT = ("next_charge_on", "next_amount", "after")


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    title: str  #: what people turn off, and the console's word
    subject: str  #: {names} of the context, and {brand}
    needs: frozenset[str]
    may: frozenset[str] = frozenset()
    is_required: bool = True
    #: What is not sent within so long of its time is no news any more, and is given up.
    news_for: timedelta = timedelta(days=4)
    #: That it was sent is published (events.MessageSent).
    tells: bool = False
    #: Shows what was agreed to, told ahead or ended: its words are kept for years.
    is_proof: bool = False

    @property
    def path(self) -> str:
        """Where its templates stand, below templates/emails/ and without ending."""
        return self.name.replace(".", "/")


def _of_subscription(
    name: str,
    title: str,
    subject: str,
    *needs: str,
    may: tuple[str, ...] = (),
    is_required: bool = True,
    tells: bool = False,
) -> Kind:
    return Kind(
        f"subscription.{name}",
        title,
        subject,
        SUBSCRIPTION | set(needs),
        frozenset(may),
        is_required=is_required,
        tells=tells,
    )


_ALL = (
    Kind(
        "payment.receipt",
        "Receipts of payments",
        "Your payment of {amount}",
        frozenset({"amount", "what", "paid_on", "reference", "descriptor"}),
        news_for=timedelta(days=1),
        tells=True,
    ),
    _of_subscription(
        "confirmed",
        "Subscriptions confirmed",
        "Your subscription to {creator}",
        "amount",
        may=("tax", *_NEXT, "trial_ends_on", "first_amount", "promo",
             "access_until", "paid_on", "terms", "from_wallet"),
        tells=True,
    ),
    _of_subscription(
        "receipt",
        "Receipts of subscriptions",
        "Your receipt: {amount} for {creator}",
        "amount",
        "paid_on",
        may=("tax", *_NEXT, "promo", "access_until"),
    ),
    _of_subscription(
        "trial_ending",
        "Trials about to end",
        "Your trial of {creator} ends on {trial_ends_on}",
        "trial_ends_on",
        "first_amount",
        may=("tax", "next_charge_on", "after", "promo"),
        tells=True,
    ),
    _of_subscription(
        "renewal_ahead",
        "Long renewals ahead",
        "Your subscription to {creator} renews on {next_charge_on}",
        "next_charge_on",
        "next_amount",
        may=("tax", "after", "promo"),
        tells=True,
    ),
    _of_subscription(
        "price_change",
        "Changes of prices",
        "The price of your subscription to {creator} changes",
        "old_price",
        "new_price",
        "effective_on",
        may=("consent_needed", "consent_url", "next_charge_on", "access_until"),
        tells=True,
    ),
    _of_subscription(
        "declined",
        "Charges declined",
        "We could not charge {amount} for {creator}",
        "amount",
        "reason",
        may=("next_try_on", "access_until", "by_gateway"),
    ),
    _of_subscription(
        "payer_needed",
        "Charges that need you",
        "Your bank wants you to confirm {amount} for {creator}",
        "amount",
        may=("reason", "next_try_on", "access_until", "pay_url"),
    ),
    _of_subscription(
        "cancelled",
        "Cancellations confirmed",
        "You cancelled your subscription to {creator}",
        may=("access_until", "reason", "may_take_back"),
    ),
    _of_subscription(
        "stopping",
        "Renewals that were given up",
        "Your subscription to {creator} will not renew",
        "reason",
        may=("access_until",),
    ),
    _of_subscription(
        "ended",
        "Subscriptions ended",
        "Your subscription to {creator} has ended",
        may=("access_until", "reason"),
    ),
    _of_subscription(
        "paused",
        "Pauses confirmed",
        "Your subscription to {creator} is paused",
        may=("effective_on", "access_until", "resumes_on", *_NEXT),
    ),
    _of_subscription(
        "resumed",
        "Resumptions confirmed",
        "Your subscription to {creator} goes on",
        may=(*_NEXT, "amount"),
    ),
    _of_subscription(
        "changed",
        "Changes of plan confirmed",
        "Your change of plan with {creator}",
        may=("old_price", "effective_on", "amount", "tax", *_NEXT, "promo", "access_until",
             "planned", "kept"),
    ),
    _of_subscription(
        "annual_reminder",
        "Yearly reminders",
        "You are subscribed to {creator}",
        may=_NEXT,
        tells=True,
    ),
    _of_subscription(
        "win_back",
        "Offers to come back",
        "An offer from {creator}",
        may=("promo", "first_amount", "consent_url", "access_until"),
        is_required=False,
    ),
    Kind(
        "gift.received",
        "Gifts for you",
        "You were given a subscription to {creator}",
        frozenset({"creator", "plan", "period", "access_until", "manage_url"}),
        frozenset({"giver", "message", "start_url", "take_until"}),
    ),
    Kind(
        "gift.given",
        "Gifts you gave",
        "Your gift: a subscription to {creator}",
        frozenset({"creator", "plan", "period", "recipient", "amount", "paid_on", "descriptor",
                   "manage_url"}),
        frozenset({"tax", "message", "access_until", "reference", "take_until"}),
    ),
    Kind(
        "gift.returned",
        "Gifts that nobody took",
        "Your gift was not taken: {amount} goes back to you",
        frozenset({"creator", "plan", "period", "recipient", "amount", "manage_url"}),
        frozenset({"reference"}),
    ),
    Kind(
        "purchase.receipt",
        "Receipts of purchases",
        "Your receipt: {amount} for {item}",
        frozenset({"creator", "item", "amount", "paid_on", "descriptor", "manage_url"}),
        frozenset({"tax", "reference"}),
    ),
    Kind(
        "goal.reached",
        "Goals reached",
        "{creator} reached a goal",
        frozenset({"creator", "goal", "manage_url"}),
        frozenset({"amount"}),
        is_required=False,
    ),
    Kind(
        "creator.new_subscriber",
        "New subscribers",
        "{fan} subscribed to you",
        frozenset({"fan", "plan", "price", "period", "manage_url"}),
        frozenset({"promo", "trial_ends_on"}),
        is_required=False,
    ),
    Kind(
        "creator.subscriber_ended",
        "Subscribers who left",
        "{fan} no longer subscribes to you",
        frozenset({"fan", "plan", "manage_url"}),
        frozenset({"access_until", "reason"}),
        is_required=False,
    ),
    Kind(
        "card.expiring",
        "Cards about to expire",
        "Your card {card} expires soon",
        frozenset({"card", "expires_on", "manage_url"}),
        frozenset({"creator", "next_charge_on", "next_amount", "cancel_how"}),
    ),
    # EPC016-06 (SEPA Core rulebook), pre-notification: amount, day, creditor and mandate, 14 days
    # before unless another time is agreed.
    Kind(
        "debit.notice",
        "Debits of bank accounts ahead",
        "{amount} will be taken from your bank account on {collect_on}",
        frozenset({"amount", "collect_on", "account", "mandate", "creditor", "creditor_id",
                   "manage_url"}),
        news_for=timedelta(days=14),
    ),
    Kind(
        "staff.endpoint_disabled",
        "Front ends that are told nothing more",
        "Front end {number} is told nothing more",
        frozenset({"url", "why", "failing_since", "number"}),
    ),
)  # fmt: skip
#: Automatic renewal laws want what was agreed to, and notices of it, kept for three years
#: (California Business and Professions Code 17602(b), 1 July 2025).
_PROOF = frozenset(
    f"subscription.{name}"
    for name in (
        "confirmed",
        "trial_ending",
        "renewal_ahead",
        "annual_reminder",
        "price_change",
        "changed",
        "cancelled",
        "ended",
    )
)
KINDS: Mapping[str, Kind] = {
    kind.name: replace(kind, is_proof=kind.name in _PROOF) for kind in _ALL
}
OPTIONAL = tuple(kind for kind in _ALL if not kind.is_required)


def kind_of(name: str) -> Kind:
    """
    :raises KindUnknown: there is none by this name
    """
    found = KINDS.get(name)
    if found is None:
        raise errors.KindUnknown(kind=name[:60])
    return found


def optional_kind(name: str) -> Kind:
    """
    :raises KindUnknown: there is none by this name
    :raises NotOptional: people cannot turn it off
    """
    kind = kind_of(name)
    if kind.is_required:
        raise errors.NotOptional(kind=name)
    return kind
