"""What was tried, weighed and decided for a payment."""

from __future__ import annotations

from apps.core.admin import Cell, Event, Fact, Facts, Table, Timeline, change_link, state, when
from apps.core.show import tone_of
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction
from apps.finance.risk.selectors.subjects import assessment_of
from apps.finance.routing.selectors.routes import labels_of
from apps.finance.routing.selectors.subjects import decisions_of

#: A column is narrow; the timeline says it in full.
_HOW = {"HOSTED": "Page", "FIELDS": "Fields", "STORED": "Stored means"}
#: Far more than any payment has.
MOST = 200


def history_of(row: Transaction) -> Timeline:
    """Everything that happened, in its order: what was said, and what was sent."""
    said = [
        Event(
            at=event.at,
            title=event.get_to_status_display(),
            actor=event.by or "Platform or gateway",
            detail=event.reason
            if event.from_status in {"", event.to_status}
            else f"{event.reason} (was {event.from_status.replace('_', ' ').lower()})",
            tone=tone_of(event.to_status),
        )
        for event in row.history.select_related("by").order_by("id")[:MOST]
    ]
    tries = [
        Event(
            at=each.started_at,
            title=f"Try {each.number} at {each.get_gateway_display()}",
            actor="Platform",
            detail=f"{each.get_kind_display()}, {each.merchant_account}",
            tone="info",
        )
        for each in row.attempts.select_related("merchant_account").order_by("number")[:MOST]
    ]
    return Timeline("Timeline", sorted([*said, *tries], key=lambda event: event.at))


def attempts_of(row: Transaction) -> Table:
    """Each try with what is kept of the exchange."""
    tries = row.attempts.select_related("merchant_account").order_by("number")[:MOST]
    return Table(
        "Tries",
        [
            Cell("Try", number=True),
            Cell("Account"),
            Cell("How"),
            Cell("State"),
            Cell("Sale"),
            Cell("Answer"),
        ],
        [
            [
                each.number,
                change_link(
                    "payments_merchantaccount", each.merchant_account_id, each.merchant_account
                ),
                _HOW[each.kind],
                state(each.status, each.get_status_display()),
                each.reference or "none",
                " ".join(filter(None, [each.code, each.reason])) or _answer(each.received),
            ]
            for each in tries
        ],
        empty="Paid from the wallet: no gateway was asked.",
    )


def _answer(received: dict[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in list(received.items())[:4]) or "none kept"


def weighed(row: Transaction) -> Facts:
    """What risk and routing made of it."""
    subject = f"transaction:{row.public_id}"
    assessment, labels = assessment_of(subject), labels_of()
    facts = [
        Fact(
            "Risk",
            change_link(
                "risk_assessment",
                assessment.pk,
                f"{assessment.get_outcome_display()}, score {assessment.score}",
            )
            if assessment
            else "not assessed",
        )
    ]
    facts += [
        Fact(
            f"Route {number}",
            change_link(
                "routing_decision",
                decision.pk,
                labels.get(decision.chosen_id or 0, f"account {decision.chosen_id}"),
            ),
        )
        for number, decision in enumerate(decisions_of(subject), start=1)
    ]
    if row.review_since:
        facts.append(Fact("Waits for review since", when(row.review_since)))
    if row.status in {Status.PROCESSING, Status.UNKNOWN, Status.AUTHORISED}:
        facts.append(
            Fact("The gateway is asked next", when(row.next_look_up_at, "no more: staff decide"))
        )
        facts.append(Fact("Asked so far", row.look_ups))
    return Facts("Risk and route", facts)
