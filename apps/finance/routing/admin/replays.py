"""Console pages of replays: what a draft would have changed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
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
from apps.core.money import BPS_WHOLE
from apps.finance.routing import selectors
from apps.finance.routing import services as routing
from apps.finance.routing.admin.shown import account, part
from apps.finance.routing.models import Replay


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars side by side: how much each account got, and would get. The table says the same."""

    title: str
    rows: list[dict[str, Any]]
    template: str = field(default="admin/routing/bars.html")


def stop_run(row: Replay, by: Any, reason: str) -> str:
    routing.stop_replay(replay_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Stopped. What was counted stays."


STOP = Verb(
    name="stop",
    label="Stop",
    permission="routing.run_replay",
    preview=lambda _row, _by: "The replay ends where it is; what it has counted stays.",
    refusal=stop_refusal,
    run=stop_run,
    icon="stop",
    is_quiet=True,
)


@admin.register(Replay)
class ReplayAdmin(WalkAdmin):
    list_display = ("number", "version", "stretch", "word", "payments", "would_change", "asked")
    list_select_related = ("rule_set", "asked_by")
    intro = "Past payments decided again by another version, with the accounts as they stood then."
    empty_title = "No replays"
    empty_text = "Open a version and replay the payments of the last week."
    verbs = (STOP,)

    @admin.display(description="Version")
    def version(self, row: Replay) -> str:
        return str(row.rule_set)

    def page(self, request: HttpRequest, row: Replay) -> Page:
        labels = selectors.labels_of()
        main: list[Any] = [
            _shares(row, labels), _sums(row), _flows(row, labels), _examples(row, labels),
        ]  # fmt: skip
        return Page(
            title=f"Replay {row.pk}",
            subtitle=str(row.rule_set),
            state=self.word(row),
            notice=f"{row.changed:,} of {row.counted:,} payments would go another way"
            f" ({part(row.changed, row.counted)})."
            if row.counted
            else "Nothing was counted yet."
            if row.is_open
            else "No payments were decided in this time.",
            main=main,
            side=[
                Facts(
                    "Replay",
                    [
                        Fact(
                            "Version",
                            change_link("routing_ruleset", row.rule_set_id, row.rule_set),
                        ),
                        Fact("Revision", row.revision),
                        *self.facts(row),
                    ],
                )
            ],
        )


def _shares(row: Replay, labels: dict[int, str]) -> Bars:
    was: dict[int | None, int] = defaultdict(int)
    now: dict[int | None, int] = defaultdict(int)
    for flow in row.flows:
        was[flow["was"]] += flow["count"]
        now[flow["now"]] += flow["count"]
    most = max([*was.values(), *now.values()], default=1)
    ids = sorted({*was, *now}, key=lambda one: -max(was[one], now[one]))
    return Bars(
        "Payments of each account",
        [
            {
                "label": account(one, labels),
                "was": was[one],
                "now": now[one],
                "was_width": was[one] * 100 // most,
                "now_width": now[one] * 100 // most,
            }
            for one in ids
        ],
    )


def _sums(row: Replay) -> Table:
    """Expected cost and success, before and then, of each currency."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for flow in row.flows:
        for name, value in flow.items():
            if name not in {"was", "now", "currency"}:
                sums[flow["currency"]][name] += value
    return Table(
        "Expected of each currency",
        [
            Cell("Currency"),
            Cell("Payments", number=True),
            Cell("Amount", number=True),
            Cell("Cost now", number=True),
            Cell("Cost then", number=True),
            Cell("Difference", number=True),
            Cell("Succeed now", number=True),
            Cell("Succeed then", number=True),
        ],
        [
            [
                currency,
                f"{one['count']:,}",
                amount(one["amount_minor"], currency),
                amount(one["cost_was_minor"], currency),
                amount(one["cost_now_minor"], currency),
                amount(one["cost_now_minor"] - one["cost_was_minor"], currency),
                f"{one['likely_was'] // BPS_WHOLE:,}",
                f"{one['likely_now'] // BPS_WHOLE:,}",
            ]
            for currency, one in sorted(sums.items())
        ],
        empty="Nothing was counted yet.",
    )


def _flows(row: Replay, labels: dict[int, str]) -> Table:
    return Table(
        "Which way payments would go instead",
        [
            Cell("Went to"),
            Cell("Would go to"),
            Cell("Payments", number=True),
            Cell("Amount", number=True),
            Cell("Cost now", number=True),
            Cell("Cost then", number=True),
        ],
        [
            [
                account(flow["was"], labels),
                account(flow["now"], labels),
                f"{flow['count']:,}",
                amount(flow["amount_minor"], flow["currency"]),
                amount(flow["cost_was_minor"], flow["currency"]),
                amount(flow["cost_now_minor"], flow["currency"]),
            ]
            for flow in row.flows
            if flow["was"] != flow["now"]
        ][:100],
        empty="None: every payment would go where it went.",
    )


def _examples(row: Replay, labels: dict[int, str]) -> Table:
    return Table(
        "Some of them",
        [Cell("Decision"), Cell("Went to"), Cell("Would go to"), Cell("By")],
        [
            [
                change_link("routing_decision", one["decision"], f"#{one['decision']}"),
                account(one["was"], labels),
                account(one["now"], labels),
                one["rule"] or "the cheapest",
            ]
            for one in row.examples
        ],
        empty="None.",
    )
