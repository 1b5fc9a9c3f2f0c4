"""The words of subscriptions: states, what may follow what, what is written down."""

from __future__ import annotations

from django.db.models import TextChoices


class State(TextChoices):
    INCOMPLETE = "INCOMPLETE", "Waits for the first payment"
    TRIALING = "TRIALING", "In its trial"
    ACTIVE = "ACTIVE", "Active"
    PAST_DUE = "PAST_DUE", "Past due"
    PAUSED = "PAUSED", "Paused"
    ENDED = "ENDED", "Ended"


#: It counts: a fan has at most one of these with a creator.
LIVE = frozenset({State.TRIALING, State.ACTIVE, State.PAST_DUE, State.PAUSED})

#: What may follow what. ``cancel_at_end`` is an intent beside the state: until its end the
#: subscription stays what it was. An ended one is never revived; who comes back subscribes anew.
NEXT: dict[State, frozenset[State]] = {
    State.INCOMPLETE: frozenset({State.TRIALING, State.ACTIVE, State.ENDED}),
    State.TRIALING: frozenset({State.ACTIVE, State.PAST_DUE, State.PAUSED, State.ENDED}),
    State.ACTIVE: frozenset({State.PAST_DUE, State.PAUSED, State.ENDED}),
    State.PAST_DUE: frozenset({State.ACTIVE, State.PAUSED, State.ENDED}),
    State.PAUSED: frozenset({State.ACTIVE, State.TRIALING, State.PAST_DUE, State.ENDED}),
    State.ENDED: frozenset(),
}


class RenewsBy(TextChoices):
    """Who charges the next period."""

    WALLET = "WALLET", "The fan's wallet"
    MEANS = "MEANS", "A stored means of payment, charged by us"
    GATEWAY = "GATEWAY", "The gateway by itself"
    NOBODY = "NOBODY", "Nobody: free, a gift, or for life"


class PlanStatus(TextChoices):
    ACTIVE = "ACTIVE", "Open to new subscribers"
    ARCHIVED = "ARCHIVED", "Archived: only its subscribers keep it"


class Alignment(TextChoices):
    ANNIVERSARY = "ANNIVERSARY", "On the day it began"
    CALENDAR = "CALENDAR", "On the first of the month, the first period in proportion"


class PeriodKind(TextChoices):
    TRIAL = "TRIAL", "Trial"
    PAID = "PAID", "Paid"
    GIFT = "GIFT", "Gift"
    FREE = "FREE", "Free"


class PeriodState(TextChoices):
    OPEN = "OPEN", "Being charged"
    PAID = "PAID", "Paid, or free"
    UNPAID = "UNPAID", "Not paid"
    REFUNDED = "REFUNDED", "Given back"


class What(TextChoices):
    """What happened to a subscription: the kinds of lines of its history."""

    STARTED = "STARTED", "Asked for"
    TRIAL_BEGAN = "TRIAL_BEGAN", "Trial began"
    ACTIVATED = "ACTIVATED", "Began"
    RENEWED = "RENEWED", "Renewed"
    DECLINED = "DECLINED", "A charge failed"
    RECOVERED = "RECOVERED", "Paid after failed charges"
    CANCELLED = "CANCELLED", "Cancelled: ends with the period"
    UNCANCELLED = "UNCANCELLED", "Cancellation taken back"
    PAUSED = "PAUSED", "Paused"
    RESUMED = "RESUMED", "Resumed"
    UPGRADED = "UPGRADED", "Upgraded"
    DOWNGRADED = "DOWNGRADED", "Downgraded"
    SWITCHED = "SWITCHED", "Switched"
    CHANGE_PLANNED = "CHANGE_PLANNED", "Will change with the next period"
    PRICE_CHANGED = "PRICE_CHANGED", "Price changed"
    MEANS_CHANGED = "MEANS_CHANGED", "Pays another way"
    REFUNDED = "REFUNDED", "Money given back"
    DISPUTED = "DISPUTED", "Disputed"
    ENDED = "ENDED", "Ended"
    NOTE = "NOTE", "Note"


class EndReason(TextChoices):
    NONE = "", "Not ended"
    CANCELLED = "CANCELLED", "Cancelled by the fan"
    UNPAID = "UNPAID", "Not paid after all tries"
    INCOMPLETE = "INCOMPLETE", "Never paid for"
    GIFT_OVER = "GIFT_OVER", "The gift is over"
    REFUNDED = "REFUNDED", "Money given back"
    CHARGEBACK = "CHARGEBACK", "Disputed at the bank"
    NO_CONSENT = "NO_CONSENT", "The new price was not agreed to"
    GATEWAY = "GATEWAY", "The gateway charges no more"
    CREATOR = "CREATOR", "Ended by the creator"
    STAFF = "STAFF", "Ended by staff"
    CREATOR_GONE = "CREATOR_GONE", "The creator is no longer here"
    FAN_GONE = "FAN_GONE", "The fan's account is closed, or not of age"


class Discount(TextChoices):
    PERCENT = "PERCENT", "Percent off"
    AMOUNT = "AMOUNT", "Amount off"


class Audience(TextChoices):
    ALL = "ALL", "Everybody"
    NEW = "NEW", "Who never subscribed to this creator"
    RETURNING = "RETURNING", "Who subscribed before and left"


class PromotionStatus(TextChoices):
    ACTIVE = "ACTIVE", "Active"
    ENDED = "ENDED", "Ended"


class DeclineClass(TextChoices):
    NEVER = "NEVER", "Never try this means again"
    LATER = "LATER", "Try again later"
    PAYER = "PAYER", "The payer must do something"


class Consent(TextChoices):
    NOT_NEEDED = "NOT_NEEDED", "Not needed"
    WAITING = "WAITING", "Waits for the fan"
    GIVEN = "GIVEN", "Given"
    REFUSED = "REFUSED", "Refused"


class GiftState(TextChoices):
    INCOMPLETE = "INCOMPLETE", "Waits for its payment"
    PAID = "PAID", "Waits to be taken"
    TAKEN = "TAKEN", "Taken"
    RETURNED = "RETURNED", "Given back"


class Movement(TextChoices):
    """Movements of monthly recurring revenue (MRR)."""

    NEW = "NEW", "New"
    EXPANSION = "EXPANSION", "Expansion"
    CONTRACTION = "CONTRACTION", "Contraction"
    CHURN = "CHURN", "Churn"
    REACTIVATION = "REACTIVATION", "Reactivation"


class RunState(TextChoices):
    RUNNING = "RUNNING", "Running"
    DONE = "DONE", "Done"


class WayIn(TextChoices):
    """What lets somebody see a thing who may not now."""

    SUBSCRIBE = "SUBSCRIBE", "Subscribe"
    CHANGE = "CHANGE", "Change to a plan that opens it"
    PAY = "PAY", "Pay what is past due"
    RESUME = "RESUME", "End the pause"
    BUY = "BUY", "Buy the thing itself"
