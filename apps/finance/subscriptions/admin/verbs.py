"""What staff may do to a subscription, each a call of one service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from apps.core.admin import Verb
from apps.core.money import Money
from apps.core.show import money_text
from apps.finance.subscriptions.choices import EndReason, RenewsBy, State
from apps.finance.subscriptions.models import BillingFailure, Subscription
from apps.finance.subscriptions.rules.dunning import MOST_GRACE_DAYS
from apps.finance.subscriptions.selectors.queues import LEFT_ALONE
from apps.finance.subscriptions.selectors.timeline import PAYS
from apps.finance.subscriptions.services import staff
from apps.finance.subscriptions.services.end import end_subscription, newest_payment
from apps.finance.subscriptions.services.retry import retry_now


class DaysForm(forms.Form):
    days = forms.IntegerField(
        label="Days of access from now",
        min_value=1,
        max_value=MOST_GRACE_DAYS,
        initial=7,
        help_text="Access that goes on longer already stays as it is.",
    )


def _ended(row: Subscription) -> str:
    return "it has ended." if row.state == State.ENDED else ""


def _day(moment: Any) -> str:
    return f"{moment:%d %b %Y, %H:%M} UTC" if moment else "no end"


# --- Cancel ----------------------------------------------------------------------------------


def cancel_refusal(row: Subscription, _by: Any) -> str:
    if row.cancel_at_end and row.state != State.ENDED:
        return "it is cancelled already."
    if row.started_at and row.price_id and not row.months:
        return "it is paid for life: there is nothing to stop."
    return _ended(row)


def cancel_preview(row: Subscription, _by: Any) -> str:
    if row.state == State.PAST_DUE or row.current_until is None:
        return "Ends now: nothing is charged any more, no try follows. The fan is told by mail."
    return (
        f"Nothing is charged any more. Access goes on to {_day(row.current_until)}, "
        "which is paid; then it ends. The fan is told by mail."
    )


def cancel_run(row: Subscription, by: Any, reason: str) -> str:
    done = staff.cancel_for(
        subscription_id=row.public_id, by=by, reason=reason, now=timezone.now()
    )
    if done.state == State.ENDED:
        return "Cancelled, and ended at once: nothing was paid any more."
    return f"Cancelled. Access goes on to {_day(done.current_until)}."


# --- End -------------------------------------------------------------------------------------


def end_refusal(row: Subscription, _by: Any) -> str:
    return _ended(row)


def end_preview(row: Subscription, _by: Any) -> str:
    return (
        f"Ends now. Access, paid to {_day(row.current_until)}, is taken back at once and no money "
        "is given back. The fan is told by mail."
    )


def end_run(row: Subscription, by: Any, reason: str) -> str:
    _end(row, by, reason, refund=False)
    return "Ended. Access is taken back; no money was given back."


def _end(row: Subscription, by: Any, reason: str, *, refund: bool) -> None:
    end_subscription(
        subscription_id=row.public_id,
        by=by,
        why=EndReason.STAFF,
        reason=reason,
        refund=refund,
        now=timezone.now(),
    )


def refund_refusal(row: Subscription, by: Any) -> str:
    if _ended(row):
        return _ended(row)
    if not by.has_perm("payments.refund_transaction"):
        return "your role may not refund."
    return "" if _left(row) else "nothing was paid that could be given back."


def refund_preview(row: Subscription, _by: Any) -> str:
    left = _left(row)
    if left is None:
        return "Ends now; nothing was paid that could be given back."
    return (
        f"Ends now, access is taken back, and a refund of {money_text(left)} for the newest "
        "period is asked for. Above the brand's limit a second person decides it."
    )


def _left(row: Subscription) -> Money | None:
    """What of the newest paid period has not gone back; None: nothing."""
    paid = newest_payment(row)
    left = paid.amount_minor - paid.refunded_minor if paid else 0
    return Money(left, paid.currency) if paid and left > 0 else None


def refund_run(row: Subscription, by: Any, reason: str) -> str:
    _end(row, by, reason, refund=True)
    return "Ended, and a refund of the newest period is asked for."


# --- Again -----------------------------------------------------------------------------------


def retry_refusal(row: Subscription, _by: Any) -> str:
    if row.cancel_at_end:
        return "it is cancelled: nothing may be charged."
    is_held = row.held_why and row.state in {State.ACTIVE, State.TRIALING}
    return "" if row.state == State.PAST_DUE or is_held else "no charge of it failed."


def retry_preview(row: Subscription, _by: Any) -> str:
    what = f"{money_text(row.amount)} (less any promotion)"
    if row.state != State.PAST_DUE:
        return f"Lets {what} be charged on its day although a notice before it did not arrive."
    return (
        f"Has {what} charged {PAYS[RenewsBy(row.renews_by)]} as soon as a worker is free. "
        f"{row.tries} failed before; the schedule goes on from there if this one fails."
    )


def retry_run(row: Subscription, by: Any, reason: str) -> str:
    retry_now(subscription_id=row.public_id, by=by, reason=reason, now=timezone.now())
    return "A worker tries it now; reload the page in a moment for the outcome."


def again_refusal(row: BillingFailure, _by: Any) -> str:
    left_alone = row.subscription.due_at == row.at + LEFT_ALONE
    return "" if left_alone else "it has been looked at again since."


def again_preview(row: BillingFailure, _by: Any) -> str:
    return f"Subscription #{row.subscription_id} is billed by the next run, in seconds."


def again_run(row: BillingFailure, by: Any, reason: str) -> str:
    staff.bill_again(
        subscription_id=row.subscription.public_id, by=by, reason=reason, now=timezone.now()
    )
    return (
        "The next run takes it, in seconds; what comes of it is on the page of its subscription."
    )


# --- Grace and notes -------------------------------------------------------------------------


def grace_refusal(row: Subscription, _by: Any) -> str:
    return "" if row.state == State.PAST_DUE else "it is not past due."


def grace_preview(row: Subscription, _by: Any) -> str:
    return (
        f"Access ends {_day(row.access_until)} now. It goes on for the days below, while charges "
        "are tried as planned; where no try is left, the end waits as long."
    )


def grace_run(row: Subscription, by: Any, reason: str, *, days: int) -> str:
    done = staff.extend_grace(
        subscription_id=row.public_id, days=days, by=by, reason=reason, now=timezone.now()
    )
    return f"Access goes on to {_day(done.access_until)}."


def note_preview(row: Subscription, _by: Any) -> str:
    state = State(row.state)
    return f"Writes your words into its history. It stays {state.label.lower()}."


def note_run(row: Subscription, by: Any, reason: str) -> str:
    staff.write_note(subscription_id=row.public_id, by=by, reason=reason, now=timezone.now())
    return "Noted."


CANCEL = Verb(
    name="cancel",
    label="Cancel",
    permission="subscriptions.cancel_subscription",
    preview=cancel_preview,
    refusal=cancel_refusal,
    run=cancel_run,
    danger=True,
    icon="event_busy",
    help="On behalf of the fan: no further charge begins, what is paid stays open to its end.",
)
END = Verb(
    name="end",
    label="End now",
    permission="subscriptions.cancel_subscription",
    preview=end_preview,
    refusal=end_refusal,
    run=end_run,
    danger=True,
    icon="block",
    help="At once and for good. Who wants to come back subscribes anew.",
)
END_AND_REFUND = Verb(
    name="end-and-refund",
    label="End now and refund",
    permission="subscriptions.cancel_subscription",
    preview=refund_preview,
    refusal=refund_refusal,
    run=refund_run,
    danger=True,
    icon="undo",
    help="At once and for good, and the newest paid period goes back to where it was paid from.",
    is_quiet=True,
)
RETRY = Verb(
    name="retry",
    label="Try again now",
    permission="subscriptions.retry_subscription",
    preview=retry_preview,
    refusal=retry_refusal,
    run=retry_run,
    icon="replay",
    help="One more try. What card networks forbid is still not tried.",
    is_quiet=True,
)
AGAIN = Verb(
    name="again",
    label="Bill again now",
    permission="subscriptions.retry_subscription",
    preview=again_preview,
    refusal=again_refusal,
    run=again_run,
    icon="replay",
    help="When the reason is mended. Nothing is ever charged twice for a period.",
)
GRACE = Verb(
    name="grace",
    label="Extend grace",
    permission="subscriptions.retry_subscription",
    preview=grace_preview,
    refusal=grace_refusal,
    run=grace_run,
    icon="more_time",
    help="Lets a fan keep access while a charge is being sorted out.",
    form=DaysForm,
    is_quiet=True,
)
NOTE = Verb(
    name="note",
    label="Note",
    permission="subscriptions.note_subscription",
    preview=note_preview,
    run=note_run,
    icon="edit_note",
    help="For whoever looks at it next.",
)
