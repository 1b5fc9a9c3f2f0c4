"""Console pages of tests: what a rule would have caught, and whom it would have refused."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from apps.core.admin import (
    Cell,
    Fact,
    Facts,
    Page,
    Table,
    Verb,
    WalkAdmin,
    amount,
    change_link,
    stop_refusal,
)
from apps.finance.risk import services as risk
from apps.finance.risk.admin.shown import outcome
from apps.finance.risk.choices import Outcome, Result
from apps.finance.risk.models import BackTest

#: What keeps money from being taken without a person's yes.
_STOPPED = {Outcome.BLOCK, Outcome.REVIEW}


def stop_run(row: BackTest, by: Any, reason: str) -> str:
    risk.stop_back_test(test_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Stopped. What was counted stays."


STOP = Verb(
    name="stop",
    label="Stop",
    permission="risk.run_back_test",
    preview=lambda _row, _by: "The test ends where it is; what it has counted stays.",
    refusal=stop_refusal,
    run=stop_run,
    icon="stop",
    is_quiet=True,
)


@admin.register(BackTest)
class BackTestAdmin(WalkAdmin):
    list_display = ("number", "what", "stretch", "word", "payments", "would_change", "asked")
    list_select_related = ("rule", "asked_by")
    intro = "Rules in shadow, tried on past payments whose end is known."
    empty_title = "No tests"
    empty_text = "Open a rule in shadow and test it on past payments."
    verbs = (STOP,)

    @admin.display(description="Of")
    def what(self, row: BackTest) -> str:
        return str(row.rule or "all rules in shadow")

    def page(self, request: HttpRequest, row: BackTest) -> Page:
        return Page(
            title=f"Test {row.pk}",
            subtitle=self.what(row),
            state=self.word(row),
            notice=f"{row.changed:,} of {row.counted:,} payments would be treated otherwise.",
            main=[_worth(row), _table(row), _examples(row)],
            side=[
                Facts(
                    "Test",
                    [
                        Fact("Rule", change_link("risk_riskrule", row.rule_id, row.rule)),
                        *self.facts(row),
                    ],
                )
            ],
        )


def _worth(row: BackTest) -> Table:
    """Of chargebacks and of good payments: how many are stopped, before and then."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for cell in row.sums:
        if cell["result"] not in {Result.CHARGEBACK, Result.PAID}:
            continue
        sums = counts[cell["result"], cell["currency"]]
        was, now = cell["was"] in _STOPPED, cell["now"] in _STOPPED
        sums[0] += cell["count"]
        sums[1] += cell["count"] * was
        sums[2] += cell["count"] * now
        sums[3] += cell["amount_minor"] * was
        sums[4] += cell["amount_minor"] * now
    return Table(
        "Stopped by block or review",
        [
            Cell("Payments that were"),
            Cell("Currency"),
            Cell("All", number=True),
            Cell("Stopped now", number=True),
            Cell("Stopped then", number=True),
            Cell("Amount now", number=True),
            Cell("Amount then", number=True),
        ],
        [
            [
                "charged back: caught" if result == Result.CHARGEBACK else "good: refused",
                currency,
                f"{sums[0]:,}",
                f"{sums[1]:,}",
                f"{sums[2]:,}",
                amount(sums[3], currency),
                amount(sums[4], currency),
            ]
            for (result, currency), sums in sorted(counts.items())
        ],
        empty="No payment of this time was paid or charged back yet.",
    )


def _table(row: BackTest) -> Table:
    return Table(
        "All outcomes",
        [
            Cell("Now"),
            Cell("Then"),
            Cell("Became"),
            Cell("Payments", number=True),
            Cell("Amount", number=True),
        ],
        [
            [
                outcome(cell["was"]),
                outcome(cell["now"]),
                Result(cell["result"]).label,
                f"{cell['count']:,}",
                amount(cell["amount_minor"], cell["currency"]),
            ]
            for cell in row.sums
        ],
        empty="Nothing was counted yet.",
    )


def _examples(row: BackTest) -> Table:
    return Table(
        "Some that would change",
        [Cell("Assessment"), Cell("Now"), Cell("Then"), Cell("Because of")],
        [
            [
                change_link("risk_assessment", one["assessment"], f"#{one['assessment']}"),
                outcome(one["was"]),
                outcome(one["now"]),
                "; ".join(one["reasons"]),
            ]
            for one in row.examples
        ],
        empty="None.",
    )
