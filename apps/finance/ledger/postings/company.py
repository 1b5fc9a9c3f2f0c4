"""The company itself: taxes, capital, loans, equipment, losses, adjustments, the year's end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings.accounts import (
    EQUIPMENT,
    LOANS,
    OTHER_EXPENSES,
    OWNERS_EQUITY,
    RETAINED_EARNINGS,
    WRITE_OFFS,
    cash,
    sales_tax,
    tax_withheld,
)
from apps.finance.ledger.postings.draft import (
    AccountRef,
    Draft,
    Movement,
    credit,
    debit,
    draft_of,
)
from apps.finance.ledger.postings.sale import check_not_negative, check_positive


def sales_tax_paid(*, payment_id: int, place: str, bank: str, amount: Money) -> Draft:
    """The tax collected on sales goes to its place's revenue service, with the return."""
    check_positive(amount=amount)
    return _paid(
        EntryKind.TAX_PAID, f"tax_payment:{payment_id}", bank, debit(sales_tax(place), amount)
    )


def withheld_tax_paid(*, payment_id: int, place: str, bank: str, amount: Money) -> Draft:
    """The tax withheld from creators goes to its place's revenue service."""
    check_positive(amount=amount)
    return _paid(
        EntryKind.TAX_PAID, f"tax_payment:{payment_id}", bank, debit(tax_withheld(place), amount)
    )


def written_off(*, write_off_id: int, account: AccountRef, amount: Money, cluster: str) -> Draft:
    """What nobody will pay us is a loss: a creator's debt, money at a processor that failed.

    ``account`` is the asset: ``due_from_creator``, ``processor_clearing``,
    ``processor_reserve`` or ``disputed``; the ledger refuses others.
    """
    check_positive(amount=amount)
    return draft_of(
        EntryKind.WRITE_OFF,
        f"write_off:{write_off_id}",
        cluster,
        debit(WRITE_OFFS, amount),
        credit(account, amount),
    )


def capital_paid_in(*, payment_id: int, bank: str, amount: Money, cluster: str = "") -> Draft:
    """The owner puts money in (cash flow: financing)."""
    check_positive(amount=amount)
    return draft_of(
        EntryKind.CAPITAL_PAID_IN,
        f"capital:{payment_id}",
        cluster,
        debit(cash(bank), amount),
        credit(OWNERS_EQUITY, amount),
    )


def paid_out_to_owner(*, payment_id: int, bank: str, amount: Money) -> Draft:
    """The owner takes profit out (cash flow: financing)."""
    check_positive(amount=amount)
    return _paid(
        EntryKind.CAPITAL_PAID_OUT, f"capital:{payment_id}", bank, debit(RETAINED_EARNINGS, amount)
    )


def loan_received(*, payment_id: int, bank: str, amount: Money, cluster: str = "") -> Draft:
    """Somebody lends us money (cash flow: financing)."""
    check_positive(amount=amount)
    return draft_of(
        EntryKind.LOAN_RECEIVED,
        f"loan_payment:{payment_id}",
        cluster,
        debit(cash(bank), amount),
        credit(LOANS, amount),
    )


def loan_repaid(*, payment_id: int, bank: str, amount: Money, interest: Money) -> Draft:
    """A loan is paid back, with interest (cash flow: financing)."""
    check_positive(amount=amount)
    check_not_negative(interest=interest)
    return _paid(
        EntryKind.LOAN_REPAID,
        f"loan_payment:{payment_id}",
        bank,
        debit(LOANS, amount),
        debit(OTHER_EXPENSES, interest),
    )


def equipment_bought(*, purchase_id: int, bank: str, amount: Money, cluster: str = "") -> Draft:
    """Something is bought that serves for years (cash flow: investing)."""
    check_positive(amount=amount)
    return _paid(
        EntryKind.EQUIPMENT_BOUGHT,
        f"purchase:{purchase_id}",
        bank,
        debit(EQUIPMENT, amount),
        cluster=cluster,
    )


def depreciated(*, depreciation_id: int, amount: Money, cluster: str = "") -> Draft:
    """Equipment loses value; no money moves."""
    check_positive(amount=amount)
    return draft_of(
        EntryKind.DEPRECIATION,
        f"depreciation:{depreciation_id}",
        cluster,
        debit(OTHER_EXPENSES, amount),
        credit(EQUIPMENT, amount),
    )


def expense_paid(*, expense_id: int, bank: str, amount: Money, cluster: str = "") -> Draft:
    """Anything else the company pays for: hosting, salaries, rent (cash flow: operating)."""
    check_positive(amount=amount)
    return _paid(
        EntryKind.EXPENSE_PAID,
        f"expense:{expense_id}",
        bank,
        debit(OTHER_EXPENSES, amount),
        cluster=cluster,
    )


def manual_adjustment(
    *,
    proposal_id: int,
    movements: Sequence[Movement],
    memo: str,
    actor_id: int,
    effective_on: date | None = None,
    cluster: str = "",
) -> Draft:
    """An entry by hand, proposed by one person and approved by another.

    The database refuses one whose proposal is not approved.
    """
    draft = draft_of(EntryKind.MANUAL_ADJUSTMENT, f"proposal:{proposal_id}", cluster, *movements)
    return draft._replace(memo=memo, actor_id=actor_id, effective_on=effective_on)


def year_closed(
    *, year: int, currency: str, cluster: str, results: Sequence[Movement], effective_on: date
) -> Draft:
    """Income and expenses of a year go to retained earnings, per brand and currency.

    ``results`` are the year's sums of the income and expense accounts, debit-positive, as they
    stand; each is taken back to zero.
    """
    profit = sum((result.amount for result in results), Money.zero(currency))
    draft = draft_of(
        EntryKind.PERIOD_CLOSE,
        f"close:{year}:{cluster}:{currency}",
        cluster,
        *(credit(result.account, result.amount) for result in results),
        debit(RETAINED_EARNINGS, profit),
    )
    return draft._replace(effective_on=effective_on)


def _paid(
    kind: EntryKind, source: str, bank: str, *for_what: Movement, cluster: str = ""
) -> Draft:
    currency = for_what[0].amount.currency
    total = sum((movement.amount for movement in for_what), Money.zero(currency))
    return draft_of(kind, source, cluster, *for_what, credit(cash(bank), total))
