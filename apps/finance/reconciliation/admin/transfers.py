"""What a line of the bank may be: a processor's settlement, or money sent to a rail."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.core.admin import Verb
from apps.core.money import Money
from apps.core.show import money_text
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.admin.forms import FundingForm, SettlementForm
from apps.finance.reconciliation.admin.shown import wish_of
from apps.finance.reconciliation.choices import Progress, Type
from apps.finance.reconciliation.models import ReconciliationException
from apps.finance.reconciliation.rules import FOUR_EYES_FROM
from apps.finance.reconciliation.services.transfers import BANK

FIRST_WORD = "Kept as the first word. Another person must want the same before it is done."


def refusal(row: ReconciliationException, by: Any, *, do: str) -> str:
    if row.state != Progress.OPEN:
        return f"it is {row.get_state_display().lower()}."
    if row.type != Type.EXTRA or row.statement.source.code != BANK:
        return "only a line of a bank that is not in the books can be."
    if (row.difference_minor > 0) != (do == "settlement"):
        return "the money went the other way."
    if row.proposed_by_id == by.pk and row.proposal.get("do") == do:
        return "you have said so; now somebody else must."
    return ""


def settlement_refusal(row: ReconciliationException, by: Any) -> str:
    return refusal(row, by, do="settlement")


def funding_refusal(row: ReconciliationException, by: Any) -> str:
    return refusal(row, by, do="funding")


def _eyes(row: ReconciliationException) -> str:
    limit = f"From {FOUR_EYES_FROM:,} on two people must say the same; nothing is done before."
    if row.proposed_by is None:
        return f" {limit}"
    return wish_of(row)


def settlement_preview(row: ReconciliationException, _by: Any) -> str:
    came = money_text(row.statement.money(row.difference_minor))
    bank = row.statement.source.owner
    return (
        f"Debits 1000 {bank} with the {came} that came, 1150 with the reserve, 2200 and 5100 with"
        f" the fees, and credits 1100 of the processor with the gross amount. Matches the line"
        f" of the bank, and those you choose of the processor.{_eyes(row)}"
    )


def funding_preview(row: ReconciliationException, _by: Any) -> str:
    sent = money_text(row.statement.money(-row.difference_minor))
    bank = row.statement.source.owner
    return (
        f"Credits 1000 {bank} with the {sent} that went, debits 1200 of the rail with it less the"
        f" fee, and 5200 with the fee. Matches the line of the bank, and those you choose of"
        f" the rail.{_eyes(row)}"
    )


def settlement_run(
    row: ReconciliationException,
    by: Any,
    reason: str,
    *,
    gateway: str,
    gross: Decimal,
    fees: Decimal | None,
    fees_expected: Decimal | None,
    reserve: Decimal | None,
    line_ids: list[int],
    rest_to_suspense: bool,
    effective_on: date | None,
) -> str:
    done = reconciliation.post_settlement(
        exception_id=row.pk,
        settlement=reconciliation.Settlement(
            gateway=gateway,
            gross=_money(row, gross),
            fees=_money(row, fees),
            fees_expected=_money(row, fees if fees_expected is None else fees_expected),
            reserve=_money(row, reserve),
            rest_to_suspense=bool(rest_to_suspense),
        ),
        line_ids=line_ids,
        effective_on=effective_on,
        by=by,
        reason=reason,
        now=timezone.now(),
    )
    if done.state == Progress.OPEN:
        return FIRST_WORD
    return f"Booked as a settlement of {gateway} and matched."


def funding_run(
    row: ReconciliationException,
    by: Any,
    reason: str,
    *,
    rail: str,
    fee: Decimal | None,
    line_ids: list[int],
    effective_on: date | None,
) -> str:
    done = reconciliation.post_funding(
        exception_id=row.pk,
        rail=rail,
        fee=_money(row, fee),
        line_ids=line_ids,
        effective_on=effective_on,
        by=by,
        reason=reason,
        now=timezone.now(),
    )
    if done.state == Progress.OPEN:
        return FIRST_WORD
    return f"Booked as funding of {rail} and matched."


def _money(row: ReconciliationException, amount: Decimal | None) -> Money:
    """
    :raises InexactAmount: more decimal places than the currency has
    """
    return Money.of(amount or Decimal(0), row.statement.source.currency)


SETTLEMENT = Verb(
    name="settlement",
    label="Book as a settlement",
    permission="reconciliation.settle_exception",
    preview=settlement_preview,
    refusal=settlement_refusal,
    run=settlement_run,
    form=SettlementForm,
    danger=True,
    is_quiet=True,
    help="For money a processor paid out. Take the amounts from its own statement.",
)
FUNDING = Verb(
    name="funding",
    label="Book as rail funding",
    permission="reconciliation.settle_exception",
    preview=funding_preview,
    refusal=funding_refusal,
    run=funding_run,
    form=FundingForm,
    danger=True,
    is_quiet=True,
    help="For money we sent to a payout rail.",
)
