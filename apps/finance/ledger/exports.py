"""The generated page about the events of the ledger: docs/reference/ledger-events.md."""

from __future__ import annotations

import inspect
from itertools import groupby

from apps.core.money import Money
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.postings.draft import Draft
from apps.finance.ledger.postings.examples import STORY, Example
from apps.finance.ledger.postings.kinds import KINDS

#: Events that move no money between accounts, so they have no recipe.
NOTHING_POSTED = (
    ("Free trial started", "Nobody owes anybody anything. A paid trial is a sale."),
    ("Free message or content opened", "Nothing is paid."),
    ("Payout sent to its rail", "Our money is at the rail until the rail says paid."),
    ("Authorisation of a card", "The money is not ours until it is captured."),
    ("Chargeback evidence sent", "The money stays disputed until the bank decides."),
)
TAKING_BACK = """## Taking back

Nothing in the books is ever changed. `services.reverse` posts the exact opposite of an entry
(kind `REVERSAL`, once for each entry); `services.correct` takes a part of it back (kind
`CORRECTION`, all corrections together at most the whole). Both name the entry, the actor and
the reason.
"""


def events_page(generated: str) -> str:
    """Return docs/reference/ledger-events.md, from the recipes and their worked examples."""
    lines = [
        "# Events of the ledger\n",
        generated,
        "One story in dollars, each entry as `postings` writes it. The fan is `profile:3`, the",
        "creators are `profile:7` and `profile:8`. *Bears* names who bears the fee or the loss.\n",
    ]
    for topic, examples in groupby(STORY, key=lambda example: example.topic):
        lines.append(f"## {topic}\n")
        for example in examples:
            lines += _example(example)
    lines += ["## Events that post nothing\n", "| event | why |", "|---|---|"]
    lines += [f"| {event} | {why} |" for event, why in NOTHING_POSTED]
    lines += ["", TAKING_BACK, *_kinds()]
    return "\n".join(lines)


def _example(example: Example) -> list[str]:
    draft = example.draft
    facts = [f"`{example.recipe.__name__}`", f"kind `{draft.kind.value}`", f"`{draft.source}`"]
    if example.bears:
        facts.append(f"bears: {example.bears}")
    return [
        f"### {example.title}\n",
        f"{_when(example)}\n",
        f"{', '.join(facts)}\n",
        "| account | owner | debit | credit |",
        "|---|---|---:|---:|",
        *_rows(draft),
        "",
    ]


def _when(example: Example) -> str:
    """Return the first paragraph of the recipe's docstring."""
    return " ".join((inspect.getdoc(example.recipe) or "").split("\n\n")[0].split())


def _rows(draft: Draft) -> list[str]:
    currencies = {movement.amount.currency for movement in draft.movements}
    return [
        f"| {account.code} {CHART[account.code].name} | {account.owner} |"
        f" {_side(amount, currencies)} | {_side(-amount, currencies)} |"
        for account, amount in draft.movements
    ]


def _side(amount: Money, currencies: set[str]) -> str:
    if amount.minor <= 0:
        return ""
    return f"{amount.decimal:,}" + (f" {amount.currency}" if len(currencies) > 1 else "")


def _kinds() -> list[str]:
    lines = [
        "## What each kind may touch\n",
        "The database refuses an entry that touches another account.\n",
        "| kind | meaning | may debit | may credit |",
        "|---|---|---|---|",
    ]
    for kind, rule in KINDS.items():
        debit, credit = (_codes(codes) for codes in rule)
        lines.append(f"| `{kind.value}` | {kind.label} | {debit} | {credit} |")
    return [*lines, ""]


def _codes(codes: frozenset[str]) -> str:
    postable = {code for code, node in CHART.items() if not node.is_group}
    return "any account" if codes == postable else " ".join(sorted(codes))
