"""Everything that happened to a subscription in one line of time, and what will happen next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core.money import Money
from apps.finance.subscriptions.choices import (
    DeclineClass,
    Discount,
    PeriodKind,
    PeriodState,
    RenewsBy,
    State,
    What,
)
from apps.finance.subscriptions.models import DunningTry, Period, Subscription, SubscriptionEvent
from apps.finance.subscriptions.rules.coming import Coming as Charge
from apps.finance.subscriptions.rules.pricing import Holds
from apps.finance.subscriptions.selectors import live
from apps.finance.subscriptions.selectors.policies import policy_of
from apps.notifications import selectors as mails

#: Far more of each kind than a page shows; the newest are kept.
MOST = 200
#: Who charges, in the middle of a sentence.
PAYS = {
    RenewsBy.WALLET: "from the fan's wallet",
    RenewsBy.MEANS: "by the stored means of payment",
    RenewsBy.GATEWAY: "by the gateway itself",
    RenewsBy.NOBODY: "by nobody",
}
_PERIOD_WORDS = {
    PeriodState.OPEN: "being charged",
    PeriodState.PAID: "paid",
    PeriodState.UNPAID: "not paid",
    PeriodState.REFUNDED: "given back",
}
_BAD = {What.DECLINED, What.DISPUTED, What.ENDED}
_GOOD = {What.ACTIVATED, What.RENEWED, What.RECOVERED, What.TRIAL_BEGAN, What.RESUMED}
_STOPS = {What.CANCELLED, What.PAUSED, What.REFUNDED}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened; ``page`` and ``pk`` lead to what it was about."""

    at: datetime
    title: str
    actor: str
    detail: str = ""
    tone: str = "neutral"
    page: str = ""
    pk: int | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """What the machine will do by itself, when, and why."""

    at: datetime | None
    what: str
    why: str


def timeline_of(subscription: Subscription) -> list[Line]:
    """Return its newest lines, oldest first, whichever table remembers them; four queries."""
    lines = [
        *_history(subscription),
        *_periods(subscription),
        *_tries(subscription),
        *_mails(subscription),
    ]
    return sorted(lines, key=lambda line: line.at)  # what is of one moment stays in its order


def coming_of(subscription: Subscription, *, now: datetime) -> list[Coming]:
    """Return what will happen to it if nobody does anything, soonest first."""
    by_state = {
        State.INCOMPLETE: _unpaid_first,
        State.TRIALING: _renewal,
        State.ACTIVE: _renewal,
        State.PAST_DUE: _next_try,
        State.PAUSED: _resuming,
    }
    make = by_state.get(State(subscription.state))
    found = _stop(subscription)
    if make is not None:
        found += [*make(subscription, now), *_reminder(subscription), *_access(subscription)]
    far = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(found, key=lambda coming: coming.at or far)


def _history(subscription: Subscription) -> list[Line]:
    rows = SubscriptionEvent.objects.filter(subscription=subscription).select_related("by")
    return [
        Line(
            at=row.at,
            title=row.get_what_display(),
            actor=_who(row, subscription),
            detail=" · ".join(filter(None, [_moved(row), row.reason, *_facts(row.facts)])),
            tone=_tone(What(row.what)),
        )
        for row in reversed(rows.order_by("-id")[:MOST])
    ]


def _who(row: SubscriptionEvent, subscription: Subscription) -> str:
    if row.by is None:
        return "Platform or gateway"
    if row.by_id == subscription.fan.user_id:
        return f"@{subscription.fan.handle}, the fan"
    if row.by_id == subscription.creator.user_id:
        return f"@{subscription.creator.handle}, the creator"
    return str(row.by)


def _moved(row: SubscriptionEvent) -> str:
    if not row.from_state or row.from_state == row.to_state:
        return ""
    return f"{State(row.from_state).label} → {row.get_to_state_display()}"


def _facts(facts: dict[str, Any]) -> list[str]:
    return [
        f"{name.replace('_', ' ')}: {value}"
        for name, value in sorted(facts.items())
        if name != "terms" and value not in ("", None, [], {})
    ]


def _tone(what: What) -> str:
    if what in _BAD:
        return "danger"
    if what in _GOOD:
        return "success"
    return "warning" if what in _STOPS else "info"


def _periods(subscription: Subscription) -> list[Line]:
    rows = Period.objects.filter(subscription=subscription).order_by("-number")[:MOST]
    tones = {PeriodState.PAID: "success", PeriodState.UNPAID: "danger"}
    return [
        Line(
            at=row.paid_at or row.at,
            title=f"Period {row.number}{_kind(row)}: {word_of_period(row)}",
            actor="Billing",
            detail=f"{row.from_at:%d %b %Y} to "
            + (f"{row.until_at:%d %b %Y}" if row.until_at else "no end")
            + (f" · {row.amount.formatted}" if row.amount_minor else ""),
            tone=tones.get(PeriodState(row.state), "warning"),
            page="payments_transaction",
            pk=row.transaction_id,
        )
        for row in reversed(rows)
    ]


def _kind(row: Period) -> str:
    return "" if row.kind == PeriodKind.PAID else f", {row.get_kind_display().lower()}"


def word_of_period(row: Period) -> str:
    """Say what became of a period; nothing was paid for a free one."""
    if row.state == PeriodState.PAID and not row.amount_minor:
        return "free"
    return _PERIOD_WORDS[PeriodState(row.state)]


def _tries(subscription: Subscription) -> list[Line]:
    rows = DunningTry.objects.filter(subscription=subscription).order_by("-id")[:MOST]
    return [
        Line(
            at=row.at,
            title=f"Try {row.number} for period {row.period_number} failed",
            actor="Billing",
            detail=" · ".join(
                filter(
                    None,
                    [
                        row.reason or row.code,
                        row.get_decline_class_display().lower(),
                        f"next try {row.next_at:%d %b %Y, %H:%M}"
                        if row.next_at
                        else "no further try by itself",
                    ],
                )
            ),
            tone="danger",
            page="payments_transaction",
            pk=row.transaction_id,
        )
        for row in reversed(rows)
    ]


def _mails(subscription: Subscription) -> list[Line]:
    told = mails.told_about([subscription.source], limit=MOST)
    bad = {"BOUNCED", "FAILED"}
    return [
        Line(
            at=mail.ended_at or mail.queued_at,
            title=f"Mail: {mail.kind.partition('.')[2].replace('_', ' ')}",
            actor="Notifications",
            detail=mail.state.replace("_", " ").lower(),
            tone="danger" if mail.state in bad else "neutral",
            page="notifications_message",
            pk=mail.message_id,
        )
        for mail in told
    ]


# --- What comes ------------------------------------------------------------------------------


def _unpaid_first(subscription: Subscription, _now: datetime) -> list[Coming]:
    return [
        Coming(
            subscription.due_at,
            "It ends as never paid for",
            "The first payment did not arrive. It begins at once when it does.",
        )
    ]


def _renewal(subscription: Subscription, _now: datetime) -> list[Coming]:
    until = subscription.current_until
    if subscription.cancel_at_end:
        return [Coming(until, "It ends", "It is cancelled: nothing is charged any more.")]
    if until is None:
        return []
    if subscription.renews_by == RenewsBy.NOBODY or not subscription.months:
        return [Coming(until, "It ends", "Nobody pays for more: a gift, or for life.")]
    coming = live.coming_of(subscription)
    if coming is None:
        why_not = "A new price holds then that its fan has not agreed to: nothing is charged."
        return [Coming(until, "It ends", why_not)]
    pays = PAYS[RenewsBy(subscription.renews_by)]
    why = " ".join(_why_charged(subscription, coming))
    return [Coming(until, f"{coming.amount.formatted} is charged {pays}", why)]


def _why_charged(subscription: Subscription, coming: Charge) -> list[str]:
    promoted = _promoted(subscription, coming.amount)
    why = [f"Period {coming.term.number} begins {promoted}."]
    if subscription.next_price_id:
        why.append("It changes to another plan or price then.")
    if coming.holds is Holds.NEW:
        why.append(f"The new price holds from then on: {coming.full.formatted} a period.")
    if subscription.held_why:
        why.append("The charge is held: the reminder before it did not arrive.")
    if subscription.renews_by == RenewsBy.GATEWAY:
        why.append("The gateway tells by webhook; after three days without word it is past due.")
    return why


def _promoted(subscription: Subscription, amount: Money) -> str:
    promotion = subscription.promotion
    if promotion is None or subscription.promotion_left == 0 or amount == subscription.amount:
        return "at the full price"
    off = (
        f"{promotion.percent_bps / 100:g} %"
        if promotion.discount == Discount.PERCENT
        else Money(promotion.amount_minor, promotion.currency).formatted
    )
    left = subscription.promotion_left
    periods = "all periods" if left is None else f"{left} more period{'' if left == 1 else 's'}"
    return f"with {off} off ({promotion.name}), for {periods}"


def _next_try(subscription: Subscription, now: datetime) -> list[Coming]:
    last = DunningTry.objects.filter(subscription=subscription).order_by("-id").first()
    days = policy_of(cluster_id=subscription.cluster_id, now=now).days
    schedule = f"Tries follow after {', '.join(map(str, days))} days."
    if last is not None and last.next_at is None:
        needs = {
            DeclineClass.NEVER: "This means of payment may not be tried again.",
            DeclineClass.PAYER: "The fan must do something first: pay another way.",
            DeclineClass.LATER: "All tries are used up.",
        }
        why = needs[DeclineClass(last.decline_class)]
        return [Coming(subscription.due_at, "It ends as not paid", why)]
    pays = PAYS[RenewsBy(subscription.renews_by)]
    return [
        Coming(
            subscription.due_at,
            f"Try {subscription.tries + 1} {pays}",
            f"{last.reason or last.code}. {schedule}" if last else schedule,
        )
    ]


def _resuming(subscription: Subscription, _now: datetime) -> list[Coming]:
    why = "The pause is over then; what was paid and not used is given back as days."
    lines = [Coming(subscription.resumes_at, "It goes on", why)]
    if (charge := live.coming_charge(subscription)) is not None:
        pays = PAYS[RenewsBy(subscription.renews_by)]
        then = "The first charge after the pause."
        lines.append(Coming(charge[1], f"{charge[0].formatted} is charged {pays}", then))
    return lines


def _reminder(subscription: Subscription) -> list[Coming]:
    if subscription.remind_at is None:
        return []
    why = "Card networks want fans told ahead; if it bounces the charge is held."
    return [Coming(subscription.remind_at, "The fan is reminded by mail", why)]


def _access(subscription: Subscription) -> list[Coming]:
    until = subscription.access_until
    if until is None or until == subscription.current_until or subscription.cancel_at_end:
        return []
    why = "Grace after the paid period, while charges are tried."
    return [Coming(until, "Access ends if nothing is paid", why)]


def _stop(subscription: Subscription) -> list[Coming]:
    at = subscription.stop_due_at
    if at is None:
        return []
    why = "It has not agreed yet to charge no more. It is asked until it does."
    return [Coming(at, "Its gateway is asked to stop", why)]
