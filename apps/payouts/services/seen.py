"""What a look-up means for one payout."""

from __future__ import annotations

from dataclasses import dataclass

from apps.payouts.adapters import Found, Paid, Record, Unclear
from apps.payouts.models import Payout


@dataclass(frozen=True, slots=True)
class Absent:
    """The whole history was read and the payout is not in it, or not yet."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The rail shows something under our reference that is not what we asked for."""

    message: str


def judge(payout: Payout, answer: Found | Unclear) -> Paid | Absent | Mismatch | Unclear:
    """Compare what the rail shows with what we asked for; only a full match counts as paid."""
    if isinstance(answer, Unclear):
        return answer
    if not answer.records:
        return Absent()
    if len(answer.records) > 1:
        ids = ", ".join(record.transaction_id for record in answer.records)
        return Mismatch(f"Found {len(answer.records)} times: {ids}")
    record = answer.records[0]
    wrong = _difference(payout, record)
    if wrong:
        return Mismatch(f"Transaction {record.transaction_id}: {wrong}")
    if not record.completed:
        return Unclear("NOT_COMPLETED", f"Transaction {record.transaction_id} is not completed")
    return Paid(record.transaction_id, record.fee)


def _difference(payout: Payout, record: Record) -> str:
    if not record.transaction_id:
        return "it has no id"
    if record.amount != payout.amount:
        return f"it is over {record.amount}, not {payout.amount}"
    if record.payee and record.payee != payout.destination["email"]:
        return "it went to another payee"
    return ""
