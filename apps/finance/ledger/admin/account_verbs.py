"""What staff may do to an account: freeze it, close it, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from apps.core.admin import Verb
from apps.finance.ledger.models import Account
from apps.finance.ledger.services import accounts

FREEZE, CLOSE = "ledger.freeze_account", "ledger.close_account"


def running(service: Callable[..., Account], told: str) -> Callable[[Account, Any, str], str]:
    """Return a verb's run: call the service and say what is so now."""

    def run(row: Account, by: Any, reason: str) -> str:
        service(account_id=row.pk, by=by, reason=reason, now=timezone.now())
        return told

    return run


def saying(text: str) -> Callable[[Account, Any], str]:
    def preview(_row: Account, _by: Any) -> str:
        return text

    return preview


def freeze_refusal(row: Account, _by: Any) -> str:
    if row.closed_at:
        return "it is closed."
    return "it is frozen already." if row.is_frozen else ""


def unfreeze_refusal(row: Account, _by: Any) -> str:
    return "" if row.is_frozen else "it is not frozen."


def close_refusal(row: Account, _by: Any) -> str:
    if row.closed_at:
        return "it is closed already."
    balances = row.balances.all()
    if sum(balance.debits_minor - balance.credits_minor for balance in balances):
        return "it has a balance; only an empty account is closed."
    held = sum(balance.held_minor for balance in balances)
    return "something on it is held." if held else ""


def reopen_refusal(row: Account, _by: Any) -> str:
    return "" if row.closed_at else "it is open."


ACCOUNT_VERBS = (
    Verb(
        name="freeze",
        label="Freeze",
        permission=FREEZE,
        is_quiet=True,
        preview=saying("No line comes to it any more until it is unfrozen. Its money stays."),
        refusal=freeze_refusal,
        run=running(accounts.freeze_account, "Frozen. Its money stays, and nothing moves it."),
        danger=True,
        icon="ac_unit",
        help="Payments and payouts that touch it are refused meanwhile.",
    ),
    Verb(
        name="unfreeze",
        label="Unfreeze",
        permission=FREEZE,
        is_quiet=True,
        preview=saying("Lines can come to it again."),
        refusal=unfreeze_refusal,
        run=running(accounts.unfreeze_account, "Open for postings again."),
        icon="lock_open",
    ),
    Verb(
        name="close",
        label="Close",
        permission=CLOSE,
        is_quiet=True,
        preview=saying("No line comes to it any more. What it had stays in every report."),
        refusal=close_refusal,
        run=running(accounts.close_account, "Closed."),
        danger=True,
        icon="lock",
    ),
    Verb(
        name="reopen",
        label="Reopen",
        permission=CLOSE,
        is_quiet=True,
        preview=saying("Lines can come to it again."),
        refusal=reopen_refusal,
        run=running(accounts.reopen_account, "Open for postings again."),
        icon="lock_open",
    ),
)
