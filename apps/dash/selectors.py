"""What waits for whom, and today's figures: a few indexed questions to the apps below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache

from apps.core import selectors as core
from apps.core.money import Money
from apps.core.show import money_text
from apps.finance.debits.selectors import queues as bank
from apps.finance.ledger import selectors as books
from apps.finance.ledger.selectors import dashboard as ledger
from apps.finance.monitoring import selectors as monitoring
from apps.finance.payments.selectors import dashboard as payments
from apps.finance.payments.selectors import refunds
from apps.finance.reconciliation import selectors as reconciliation
from apps.finance.risk.selectors import subjects as assessments
from apps.finance.subscriptions.selectors import queues as renewals
from apps.notifications import selectors as notifications
from apps.payouts import selectors as payouts
from apps.webhooks import selectors as webhooks

#: A badge says "99+" beyond this; nobody needs the hundredth exactly.
CAP = 100
#: Events leave within seconds; the sweep finds a dead worker's within minutes.
EVENT_IS_LATE = timedelta(minutes=5)
DAY = timedelta(days=1)
CHART_DAYS = 14
#: At bank payments and subscriptions: permission, key, title, hint, model, filter, what waits,
#: tone.
BANK_QUEUES = (
    ("debits.view_debitfile", "bank_files_in_doubt", "Files for banks in doubt", "ask the bank",
     "debits.debitfile", "queue=doubt", bank.files_in_doubt, "danger"),
    ("debits.view_returnrate", "returns_near_a_line", "Returned debits near a line",
     "stop before the bank does", "debits.returnrate", "queue=near", bank.rates_near_a_line,
     "danger"),
    ("debits.view_debitfile", "bank_files_to_approve", "Files for banks", "two people approve",
     "debits.debitfile", "queue=approve", bank.files_to_approve, "warning"),
    ("debits.view_bankitem", "bank_news", "News of banks", "a person must look",
     "debits.bankitem", "queue=person", bank.news_for_a_person, "warning"),
    ("debits.view_foundfile", "unread_bank_files", "Files of banks not read", "read them by hand",
     "debits.foundfile", "queue=unread", bank.unread_files, "warning"),
    ("subscriptions.view_billingfailure", "billing_failures", "Renewals not billed",
     "an error of ours", "subscriptions.billingfailure", "queue=open",
     renewals.open_failures_since, "danger"),
    ("subscriptions.view_pastdue", "past_due", "Past due, no try follows", "reach the fan",
     "subscriptions.pastdue", "queue=person", renewals.past_due_since, "warning"),
    ("subscriptions.view_pastdue", "charges_held", "Charges held", "a notice did not arrive",
     "subscriptions.pastdue", "queue=held", renewals.held_since, "warning"),
)  # fmt: skip
#: In the same form: what waits elsewhere.
OTHER_QUEUES = (
    ("monitoring.view_alert", "mid_alerts", "MIDs near a line", "note what was done",
     "monitoring.alert", "queue=open", monitoring.open_alerts_since, "danger"),
    ("webhooks.view_endpoint", "failed_endpoints", "Front ends not told", "messages given up",
     "webhooks.sending", "queue=failed", webhooks.given_up_since, "warning"),
    ("notifications.view_message", "mail_to_look_at", "Mail that did not arrive",
     "reach them otherwise", "notifications.message", "queue=look", notifications.waiting_since,
     "warning"),
)  # fmt: skip
#: Where the money is, by code of the chart: title, hint, and whether we owe it.
POSITIONS = (
    ("1100", "At the gateways", "charged, not yet settled to us", False),
    ("2000", "Fans' wallets", "we owe it to fans", True),
    ("2100", "Creators' earnings", "we owe it to creators", True),
    ("2300", "Payouts in transit", "left earnings, not yet paid", True),
)
#: Sums over every account: asked once a minute, not at each look.
POSITIONS_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Queue:
    """Work that waits: how much (CAP at most) and since when."""

    key: str
    title: str
    hint: str
    label: str
    query: str
    waiting: list[datetime]
    tone: str = "warning"

    @property
    def count(self) -> int:
        return len(self.waiting)

    @property
    def oldest(self) -> datetime | None:
        return self.waiting[0] if self.waiting else None

    @property
    def text(self) -> str:
        return f"{CAP - 1}+" if self.count >= CAP else str(self.count)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of today beside yesterday's; ``value`` has a line for each currency."""

    title: str
    value: str
    before: str


@dataclass(frozen=True, slots=True)
class Day:
    """One bar of the chart, and its row in the table."""

    day: date
    count: int
    volume: Money


def queues(*, by: Any, now: datetime) -> list[Queue]:
    """Return the queues this person may see, in the order of urgency."""
    found = []
    if by.has_perm("payouts.view_payout"):
        found += payout_queues(by=by)
    if by.has_perm("ledger.view_proposal"):
        found.append(proposal_queue(by=by))
    if by.has_perm("reconciliation.view_reconciliationexception"):
        found.append(exception_queue())
    found += payment_queues(by=by)
    found += queues_of_table(BANK_QUEUES, by=by)
    if by.has_perm("core.view_outboxmessage"):
        late = core.undelivered_events(before=now - EVENT_IS_LATE, limit=CAP)
        found.append(
            Queue(
                "stuck_events",
                "Events not delivered",
                "older than five minutes",
                "core.outboxmessage",
                "delivery=waiting",
                late,
                "danger",
            )
        )
    return found + queues_of_table(OTHER_QUEUES, by=by)


def queues_of_table(table: Iterable[tuple[Any, ...]], *, by: Any) -> list[Queue]:
    """Return those queues of a table that this person may see."""
    return [
        Queue(key, title, hint, label, query, waiting(CAP), tone)
        for may, key, title, hint, label, query, waiting, tone in table
        if by.has_perm(may)
    ]


def payment_queues(*, by: Any) -> list[Queue]:
    """Return what waits for people at payments."""
    found = []
    if by.has_perm("payments.view_webhookevent"):
        found.append(
            Queue(
                "failed_webhooks",
                "Webhooks that failed",
                "a person must look",
                "payments.webhookevent",
                "queue=failed",
                payments.parked_webhooks(limit=CAP),
                "danger",
            )
        )
    if by.has_perm("payments.view_transaction"):
        found.append(
            Queue(
                "stuck_transactions",
                "Payments of unknown outcome",
                "look them up at the gateway",
                "payments.transaction",
                "status__exact=UNKNOWN",
                payments.unknown_since(limit=CAP),
                "danger",
            )
        )
    if by.has_perm("risk.view_assessment"):
        found.append(
            Queue(
                "payments_to_review",
                "Payments to review",
                "risk held them: their payers wait",
                "risk.assessment",
                "queue=review",
                assessments.waiting_since(CAP),
            )
        )
    if by.has_perm("payments.view_refund"):
        found += money_back_queues(by=by)
    return found


def money_back_queues(*, by: Any) -> list[Queue]:
    """Return refunds that wait for people, and disputes that wait for an answer."""
    return [
        Queue(
            "refunds_to_approve",
            "Refunds to approve",
            "for a second pair of eyes",
            "payments.refund",
            "queue=approve",
            refunds.since(refunds.refunds_to_decide(by.pk), "created_at", CAP),
        ),
        Queue(
            "refunds_for_a_person",
            "Refunds in doubt",
            "look them up at the gateway",
            "payments.refund",
            "queue=person",
            refunds.since(refunds.refunds_for_a_person(), "created_at", CAP),
            "danger",
        ),
        Queue(
            "disputes_to_answer",
            "Disputes to answer",
            "before their deadline",
            "payments.dispute",
            "queue=due",
            refunds.since(refunds.disputes_by_deadline(), "opened_at", CAP),
            "danger",
        ),
    ]


def payout_queues(*, by: Any) -> list[Queue]:
    """Return what waits at payouts; whoever approves sees only what they can decide."""
    to_approve = payouts.to_approve_by(by)
    mine = by.has_perm("payouts.approve_payout")
    stuck = payouts.waiting_for_a_person()
    return [
        Queue(
            "payouts_to_approve",
            "Payouts to approve",
            "for you to decide" if mine else "for two approvers",
            "payouts.payout",
            "queue=approve",
            list(to_approve.values_list("requested_at", flat=True)[:CAP]),
        ),
        Queue(
            "payouts_for_a_person",
            "Payouts that need a person",
            "the machine has stopped",
            "payouts.payout",
            "queue=person",
            list(stuck.values_list("requested_at", flat=True)[:CAP]),
            "danger",
        ),
    ]


def proposal_queue(*, by: Any) -> Queue:
    """Return what is proposed to the books; whoever decides sees only what they can decide."""
    waiting = books.proposals_to_decide(by=by)
    return Queue(
        "proposals_to_decide",
        "Proposals to decide",
        "for a second pair of eyes",
        "ledger.proposal",
        "queue=decide",
        list(waiting.values_list("proposed_at", flat=True)[:CAP]),
    )


def exception_queue() -> Queue:
    """Return what statements and books do not agree on."""
    return Queue(
        "open_exceptions",
        "Reconciliation exceptions",
        "statements and books differ",
        "reconciliation.reconciliationexception",
        "queue=open",
        reconciliation.open_since(limit=CAP),
    )


def figures(*, by: Any, now: datetime) -> list[Figure]:
    """Return today's figures beside yesterday's whole day, days being UTC."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    if by.has_perm("payments.view_transaction"):
        found.append(volume_figure(today))
    if by.has_perm("ledger.view_entry"):
        found.append(
            Figure(
                "Platform revenue",
                lines(ledger.revenue_between(since=today, until=today + DAY)),
                f"Yesterday {listed(ledger.revenue_between(since=today - DAY, until=today))}",
            )
        )
    if by.has_perm("ledger.view_period"):
        found.append(closed_figure(today.date()))
    if by.has_perm("payouts.view_payout"):
        summary = payouts.open_summary()
        count = sum(number for number, _ in summary)
        found.append(
            Figure(
                "Open payouts",
                lines(money for _, money in summary),
                f"{count} payout{'' if count == 1 else 's'} on the way",
            )
        )
    if by.has_perm("payments.view_webhookevent"):
        failed = payments.webhook_failures(since=today, until=today + DAY, limit=CAP)
        before = payments.webhook_failures(since=today - DAY, until=today, limit=CAP)
        found.append(Figure("Webhook failures", str(failed), f"Yesterday {before}"))
    return found


def closed_figure(today: date) -> Figure:
    """Return to which day the books are closed, and which month may be closed next."""
    closed = books.closed_to()
    if closed is None:
        return Figure("Books closed to", "no month yet", "The first month is closed on its page")
    following = closed + DAY
    is_over = (following.year, following.month) < (today.year, today.month)
    then = "can be closed" if is_over else "is not over"
    return Figure("Books closed to", f"{closed:%d %b %Y}", f"{following:%B %Y} {then}")


def positions(*, by: Any) -> list[Figure]:
    """Return where the money is by the books, up to a minute old."""
    if not by.has_perm("ledger.view_account"):
        return []
    nets = cache.get_or_set("dash:positions", net_by_code, POSITIONS_SECONDS) or []
    return [
        Figure(
            title,
            lines(
                Money(-net if owed else net, currency) for at, currency, net in nets if at == code
            ),
            hint,
        )
        for code, title, hint, owed in POSITIONS
    ]


def net_by_code() -> list[tuple[str, str, int]]:
    """Return (code, currency, debits less credits in minor units) of the whole books."""
    return [
        (row.code, row.currency, row.debit_minor - row.credit_minor)
        for row in books.trial_balance()
    ]


def volume_figure(today: datetime) -> Figure:
    """Return what was paid today, beside yesterday; days are UTC."""
    days = payments.volume_by_day(since=today - DAY, until=today + DAY)
    now = [day for day in days if day.day == today.date()]
    before = [day for day in days if day.day < today.date()]
    count = sum(day.count for day in now)
    return Figure(
        f"Volume, {count} payment{'' if count == 1 else 's'}",
        lines(day.amount for day in now),
        f"Yesterday {listed(day.amount for day in before)}",
    )


def volume_chart(*, now: datetime, currency: str = "USD") -> list[Day]:
    """Return the last CHART_DAYS days of captured volume in one currency, empty days too."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - (CHART_DAYS - 1) * DAY
    found = {
        row.day: row
        for row in payments.volume_by_day(since=since, until=today + DAY)
        if row.amount.currency == currency
    }
    days = [(since + n * DAY).date() for n in range(CHART_DAYS)]
    return [
        Day(day, found[day].count, found[day].amount)
        if day in found
        else Day(day, 0, Money.zero(currency))
        for day in days
    ]


def lines(amounts: Iterable[Money]) -> str:
    """Return sums of several currencies, each on a line; nothing is zero of the house currency."""
    return "\n".join(money_text(money) for money in amounts) or money_text(Money.zero("USD"))


def listed(amounts: Iterable[Money]) -> str:
    """Return the same within a sentence."""
    return lines(amounts).replace("\n", " · ")
