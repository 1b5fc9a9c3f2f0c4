"""What operations refuse."""

from __future__ import annotations

from apps.core.errors import Conflict, Unavailable


class AlreadySimulated(Conflict):
    """The same people would sign up twice."""

    code = "ops.already_simulated"
    message = "This seed has been played on this database; choose another."


class SandboxDown(Unavailable):
    """Nothing answers where the payment sandbox should be."""

    code = "ops.sandbox_down"
    message = "The payment sandbox did not start."


class BooksDoNotBalance(Conflict):
    """Business was played and the ledger's check fails."""

    code = "ops.books_do_not_balance"
    message = "The books do not balance: see manage.py ledger_check."
