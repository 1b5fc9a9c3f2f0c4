"""The books in plain Python: what every account stands at, and what the ledger may refuse."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from apps.core.money import Money
from apps.finance.ledger import errors
from apps.finance.ledger.chart import LEAVES
from apps.finance.ledger.choices import EntryKind, Side
from apps.finance.ledger.postings import AccountRef, Draft, Funds, Sale
from apps.finance.ledger.postings import creator_payable as payable
from apps.finance.ledger.postings import creator_reserve as reserve
from apps.finance.ledger.postings.kinds import KINDS

Key = tuple[AccountRef, str]
Refusals = tuple[type[Exception], ...]


@dataclass
class Entry:
    """An entry that the ledger took, and what was taken back of it since."""

    entry_id: int
    draft: Draft
    reversed: bool = False
    taken_back: Counter[Key] = field(default_factory=Counter)
    corrections: int = 0
    target: Entry | None = None

    @property
    def moved(self) -> Counter[Key]:
        return moved_by(self.draft)


@dataclass
class Sold:
    """A sale, and the amounts taken back of it in their order."""

    sale: Sale
    fan: int
    by_card: bool
    taken: list[Money] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.sale.amount.minor - sum(money.minor for money in self.taken)


@dataclass
class Held:
    """An open hold; ``left`` is what is neither captured nor given back."""

    hold_id: int
    account: AccountRef
    currency: str
    left: int
    expires: bool


class Model:
    """Sums per account, debit positive, and what is held; judges drafts from those alone."""

    def __init__(self) -> None:
        self.sums: Counter[Key] = Counter()
        self.held: Counter[Key] = Counter()
        self.entries: list[Entry] = []

    def available(self, account: AccountRef, currency: str) -> int:
        key = account, currency
        return natural(account, self.sums[key]) - self.held[key]

    def funds(self, creator_id: int, currency: str) -> Funds:
        return Funds(
            Money(self.available(payable(creator_id), currency), currency),
            Money(self.available(reserve(creator_id), currency), currency),
        )

    def refusals(self, draft: Draft) -> Refusals:
        """Return what the ledger may say to it; nothing if it must take it."""
        said: set[type[Exception]] = set()
        moved = moved_by(draft)
        for account, currency in moved:
            if not LEAVES[account.code].allows_overdraft and (
                self.available(account, currency) + natural(account, moved[account, currency]) < 0
            ):
                said.add(errors.InsufficientFunds)
        rule = KINDS[draft.kind]
        for account, amount in draft.movements:
            if account.code not in (rule.debit if amount.minor > 0 else rule.credit):
                said.add(errors.KindNotAllowed)
        if draft.kind == EntryKind.MANUAL_ADJUSTMENT:
            said.add(errors.NotApproved)
        return tuple(said)

    def take(self, draft: Draft, entry_id: int) -> Entry:
        self.sums.update(moved_by(draft))
        entry = Entry(entry_id, draft)
        self.entries.append(entry)
        return entry

    def refuses_reversal(self, entry: Entry, draft: Draft) -> Refusals:
        if entry.reversed:
            return (errors.AlreadyReversed,)
        said = self.refusals(draft)
        return (*said, errors.NotTheOpposite) if entry.corrections else said

    def refuses_correction(self, entry: Entry, draft: Draft) -> Refusals:
        said = self.refusals(draft)
        if entry.reversed:
            said = (*said, errors.AlreadyReversed)
        for key, back in moved_by(draft).items():
            whole = entry.moved[key]
            if back * whole >= 0 or abs(entry.taken_back[key] + back) > abs(whole):
                said = (*said, errors.NotTheOpposite)
        return said

    def balances(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Return (sum, held) by code, owner and currency, where there is anything."""
        keys = {key for key in [*self.sums, *self.held] if self.sums[key] or self.held[key]}
        return {
            (account.code, account.owner, currency): (
                self.sums[account, currency],
                self.held[account, currency],
            )
            for account, currency in keys
        }


def moved_by(draft: Draft) -> Counter[Key]:
    moved: Counter[Key] = Counter()
    for account, amount in draft.movements:
        moved[account, amount.currency] += amount.minor
    return moved


def natural(account: AccountRef, net: int) -> int:
    """Read a debit-positive sum on the account's own side."""
    return net if LEAVES[account.code].normal_side == Side.DEBIT else -net
