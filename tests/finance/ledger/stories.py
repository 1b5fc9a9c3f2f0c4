"""The worked examples as an accountant writes them."""

from __future__ import annotations

from apps.core.money import Money
from apps.finance.ledger.postings import Draft
from apps.finance.ledger.postings.examples import STORY


def journal(draft: Draft) -> list[str]:
    """Write the movements of a draft: ``Dr 1100 processor:ccbill 50.00``."""
    return [
        f"{'Dr' if m.amount.minor > 0 else 'Cr'} {m.account.code} {m.account.owner}".strip()
        + f" {Money(abs(m.amount.minor), m.amount.currency).decimal}"
        for m in draft.movements
    ]


def told(topic: str) -> list[tuple[str, str, list[str]]]:
    """Return title, source and lines of every example of a topic, in their order."""
    return [
        (example.title, example.draft.source, journal(example.draft))
        for example in STORY
        if example.topic == topic
    ]
