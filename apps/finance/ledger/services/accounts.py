"""Close and freeze accounts: they keep their lines and take no more."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.ledger import errors
from apps.finance.ledger.models import Account
from apps.finance.ledger.services.refusals import refusals_by_name


@transaction.atomic
def close_account(*, account_id: int, by: User, reason: str, now: datetime) -> Account:
    """Close an account for good reason: no line and no hold comes to it any more.

    Waits for postings that touch it; closing a closed account changes nothing.

    :raises AccountNotFound: there is no such account
    :raises AccountNotEmpty: it has a balance or open holds
    :raises ReasonNeeded: no reason is given
    """
    account = _locked(account_id, reason)
    if account.closed_at is None:
        account.closed_at = now
        _keep(account, "ledger.account_closed", by, reason)
    return account


@transaction.atomic
def reopen_account(*, account_id: int, by: User, reason: str, now: datetime) -> Account:
    """Let a closed account take lines again; an open one is left as it is.

    :raises AccountNotFound: there is no such account
    :raises ReasonNeeded: no reason is given
    """
    account = _locked(account_id, reason)
    if account.closed_at is not None:
        account.closed_at = None
        _keep(account, "ledger.account_reopened", by, reason)
    return account


@transaction.atomic
def freeze_account(*, account_id: int, by: User, reason: str, now: datetime) -> Account:
    """Let no line and no new hold come to an account until it is unfrozen; its money stays.

    Holds placed before can be released, and expire; capturing them is refused meanwhile.

    :raises AccountNotFound: there is no such account
    :raises ReasonNeeded: no reason is given
    """
    account = _locked(account_id, reason)
    if not account.is_frozen:
        account.is_frozen = True
        _keep(account, "ledger.account_frozen", by, reason)
    return account


@transaction.atomic
def unfreeze_account(*, account_id: int, by: User, reason: str, now: datetime) -> Account:
    """Let a frozen account take lines again.

    :raises AccountNotFound: there is no such account
    :raises ReasonNeeded: no reason is given
    """
    account = _locked(account_id, reason)
    if account.is_frozen:
        account.is_frozen = False
        _keep(account, "ledger.account_unfrozen", by, reason)
    return account


def _locked(account_id: int, reason: str) -> Account:
    if not reason.strip():
        raise errors.ReasonNeeded
    account = Account.objects.select_for_update(no_key=True).filter(pk=account_id).first()
    if account is None:
        raise errors.AccountNotFound(account_id=account_id)
    return account


def _keep(account: Account, action: str, by: User, reason: str) -> None:
    with refusals_by_name():
        account.save(update_fields=["closed_at", "is_frozen"])
    audit.record(
        by=by,
        action=action,
        subject=f"ledger.account:{account.pk}",
        reason=reason,
        facts={"code": account.code, "owner": account.owner, "currency": account.currency},
    )
