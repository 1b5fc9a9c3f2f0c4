"""Sales on their way to be sold together: what is asked, what each is split into, the answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.payments.choices import Kind, Occasion
from apps.finance.payments.rules.fees import Quote
from apps.finance.payments.services.opening import tax_lines_of


class WalletSale(NamedTuple):
    """One sale of many; ``amount`` is the price, the rest as in ``Purchase``."""

    fan_id: int
    creator_id: int
    cluster_id: int
    cluster_slug: str
    amount: Money
    subject: str
    idempotency_key: str
    occasion: Occasion = Occasion.NONE
    buyer_country: str = ""


class Sold(NamedTuple):
    """``amount`` is what the wallet paid; ``replayed``: its key had been sold before."""

    transaction_id: int
    amount: Money
    replayed: bool = False


class Refused(NamedTuple):
    """Nothing of it is kept. ``code`` and ``facts`` are those of the error a single one raises."""

    code: str
    facts: dict[str, object]


class Split(NamedTuple):
    """What a price splits into, as the columns have it: equal for all of a price and a place."""

    quote: Quote
    amount: Money
    platform_fee: Money
    columns: tuple[int, str, int, int, int, str, str, str]
    taxes: tuple[postings.Tax, ...]


@dataclass(slots=True)
class Batch:
    """Sales on their way, by their place in the order given."""

    sales: Sequence[WalletSale]
    kind: Kind
    now: datetime
    splits: list[Split | None]
    answers: list[Sold | Refused | None]

    def waiting(self) -> list[int]:
        return [i for i, answer in enumerate(self.answers) if answer is None]

    def told(self) -> list[Sold | Refused]:
        """Return all answers; each sale has one by now."""
        if self.waiting():
            raise RuntimeError("a sale without an answer")
        return [answer for answer in self.answers if answer is not None]

    def refuse(self, i: int, error: DomainError) -> None:
        self.answers[i] = Refused(error.code, error.facts)

    def split(self, i: int) -> Split:
        split = self.splits[i]
        if split is None:
            raise RuntimeError("a sale that was refused has no price")
        return split


def split_of(quote: Quote) -> Split:
    """Return a quote as the columns have it."""
    columns = (
        quote.amount.minor,
        quote.amount.currency,
        quote.platform_fee.minor,
        quote.tax.minor,
        quote.due.added.minor,
        quote.tax_place if quote.tax else "",
        json.dumps(tax_lines_of(quote.due)),
        json.dumps(list(quote.proofs)),
    )
    taxes = tuple(postings.Tax(line.place, line.tax) for line in quote.due.lines)
    return Split(quote, quote.amount, quote.platform_fee, columns, taxes)
