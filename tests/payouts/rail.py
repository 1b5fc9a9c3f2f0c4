"""A rail that answers as it is told and remembers what left."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

from apps.core.money import Money
from apps.payouts.adapters import Found, Instruction, Outcome, Paid, Record, Unclear

FEE = Money.of("1.00", "USD")


class FakeRail:
    """Pays, unless ``answers`` says otherwise; its history shows all it paid."""

    def __init__(self) -> None:
        self.answers: deque[Outcome] = deque()
        self.looks: deque[Found | Unclear] = deque()
        self.sent: list[Instruction] = []
        self.looked: list[str] = []
        self.paid: dict[str, list[Record]] = {}
        self.while_sending: Callable[[], object] = lambda: None

    def send(self, instruction: Instruction) -> Outcome:
        self.sent.append(instruction)
        self.while_sending()
        if self.answers:
            return self.answers.popleft()
        return self.pay(instruction)

    def pay(self, instruction: Instruction) -> Paid:
        rows = self.paid.setdefault(instruction.reference, [])
        rows.append(
            Record(
                transaction_id=f"T-{instruction.reference}-{len(rows)}",
                amount=instruction.amount,
                fee=FEE,
                payee=instruction.destination["email"],
                completed=True,
            )
        )
        return Paid(rows[-1].transaction_id, FEE)

    def look_up(
        self, *, reference: str, currency: str, since: datetime, until: datetime
    ) -> Found | Unclear:
        self.looked.append(reference)
        if self.looks:
            return self.looks.popleft()
        return Found(tuple(self.paid.get(reference, ())))
