"""What was tried, weighed and decided for a payment."""

from __future__ import annotations

from apps.core.admin import Cell, Fact, Facts, Table, change_link, state, when
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction
from apps.finance.risk.selectors.subjects import assessment_of
from apps.finance.routing.selectors.routes import labels_of
from apps.finance.routing.selectors.subjects import decisions_of

#: A column is narrow; the timeline says it in full.
_HOW = {"HOSTED": "Page", "FIELDS": "Fields", "STORED": "Stored means"}
#: Far more than any payment has.
MOST = 200


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
