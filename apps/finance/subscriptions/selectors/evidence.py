"""What subscriptions know of a disputed payment: chapters of an evidence pack for the bank."""

from __future__ import annotations

from apps.finance.entitlements import selectors as entitlements
from apps.finance.payments.rules.evidence import Section, moment
from apps.finance.payments.selectors.paid import payment_by_id
from apps.finance.subscriptions.choices import What
from apps.finance.subscriptions.models import Gift, Period, Subscription
from apps.finance.subscriptions.rules import gifts, subjects
from apps.finance.subscriptions.rules.terms import CANCEL_HOW, period_words
from apps.finance.subscriptions.selectors.timeline import word_of_period
from apps.notifications import selectors as notifications
from apps.notifications.rules.kinds import KINDS

_MOST = 60


def sections_of(payment_id: int) -> list[Section]:
    """
    Return what a payment of a subscription or gift bought, the very terms its payer agreed to,
    what was charged before, what they were told by mail and when, the access they had, and
    whether they cancelled; nothing for other payments.
    """
    subject = payment_by_id(payment_id).subject
    number = gifts.read(subject)
    if number is not None:
        return _of_gift(number)
    read = subjects.read(subject)
    found = (
        Subscription.objects.select_related("plan", "creator", "fan__user", "cluster")
        .filter(pk=read.subscription_id if read else 0)
        .first()
    )
    if found is None:
        return []
    return [
        _subscription(found, payment_id),
        _terms(found),
        _charges(found, payment_id),
        _mails([found.source]),
        _access(found),
        _story(found),
    ]


def _subscription(row: Subscription, payment_id: int) -> Section:
    period = Period.objects.filter(transaction_id=payment_id).first()
    paid_for = (
        f"{moment(period.from_at)} to {moment(period.until_at) if period.until_at else 'no end'}"
        if period
        else "none"
    )
    return Section(
        "The subscription",
        [
            ("Subscription", str(row.public_id)),
            ("To", f"@{row.creator.handle}, plan {row.plan.name}"),
            ("Price", f"{row.amount}{_each(row.months)}" if row.currency else "free"),
            ("Began", moment(row.started_at)),
            ("This payment paid for", paid_for),
            ("State now", row.get_state_display()),
            (
                "Cancelled",
                moment(row.cancelled_at) if row.cancelled_at else "not before the dispute",
            ),
            ("Ended", moment(row.ended_at) if row.ended_at else "not ended"),
        ],
        note=f"How to cancel: {CANCEL_HOW}",
    )


def _each(months: int) -> str:
    return f" every {period_words(months)}" if months else ", paid once"


def _terms(row: Subscription) -> Section:
    agreed = [
        ("Agreed", moment(row.terms_agreed_at)),
        ("SHA-256 of the words", row.terms_hash),
        *[("Words" if not n else "", line) for n, line in enumerate(row.terms.splitlines())],
    ]
    return Section(
        "Terms the customer agreed to",
        agreed if row.terms else [],
        note="These words stood beside a box that the customer ticked, and the button that buys.",
        empty="No terms are on record: it was not bought by its holder.",
    )


def _charges(row: Subscription, payment_id: int) -> Section:
    periods = Period.objects.filter(subscription=row).select_related("transaction")
    return Section(
        "What was charged, newest last",
        [
            (
                str(period.number),
                moment(period.from_at),
                str(period.transaction.amount) if period.transaction else "nothing",
                word_of_period(period).capitalize(),
                "this payment" if period.transaction_id == payment_id else "",
            )
            for period in reversed(periods.order_by("-number")[:_MOST])
        ],
        headings=("Period", "From", "Charged", "State", ""),
    )


def _mails(about: list[str]) -> Section:
    return Section(
        "Mails to the customer about it",
        [
            (
                moment(told.ended_at if told.state == "SENT" else told.queued_at),
                KINDS[told.kind].title if told.kind in KINDS else told.kind,
                told.state.capitalize(),
                told.digest,
            )
            for told in notifications.told_about(about, limit=_MOST)
            if not told.kind.startswith("creator.")
        ],
        headings=("When", "What", "State", "SHA-256 of subject and text"),
        note="Receipts, reminders before charges and confirmations; each says how to cancel.",
    )


def _access(row: Subscription) -> Section:
    return Section(
        "Access the customer had",
        [
            ("Open to", moment(row.access_until) if row.access_until else "no end"),
            *[
                (moment(change.at), f"{change.get_change_display()}: {change.why}".rstrip(": "))
                for change in entitlements.history_of(row.source, limit=_MOST)
            ],
        ],
        note="What the plan opens was open to the signed-in customer all this time. A renewal "
        "carries it on without a line of its own.",
    )


def _story(row: Subscription) -> Section:
    lines = row.history.order_by("-id").values_list("at", "what", "reason", "by_id")[:_MOST]
    holder = row.fan.user_id
    return Section(
        "History of the subscription",
        [
            (
                moment(at),
                str(What(what).label),
                why,
                "the customer" if by == holder else "staff" if by else "",
            )
            for at, what, why, by in reversed(lines)
            if what != What.NOTE
        ],
        headings=("When", "What", "Why", "By"),
    )


def _of_gift(number: int) -> list[Section]:
    gift = Gift.objects.select_related("plan__creator", "price", "taker").filter(pk=number).first()
    if gift is None:
        return []
    return [
        Section(
            "The gift",
            [
                ("Gift", str(gift.public_id)),
                ("Of", f"@{gift.plan.creator.handle}, plan {gift.plan.name}"),
                ("For", period_words(gift.price.months) or "life"),
                ("To", f"@{gift.taker.handle}" if gift.taker else "whoever has the code"),
                ("Given", moment(gift.created_at)),
                ("Taken", moment(gift.taken_at) if gift.taken_at else "not taken"),
                ("State now", gift.get_state_display()),
            ],
            note="Paid once; it does not renew.",
        ),
        _mails([gifts.subject_of(gift.pk)]),
    ]
