"""A brand's accounts at gateways: opened switched off; where money goes two people decide."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError
from django.db.transaction import atomic

from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.choices import method_of
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.rules.merchants import (
    REASON_LENGTH,
    Place,
    Terms,
    changed,
    why_not_place,
    why_not_terms,
)
from apps.finance.payments.selectors.candidates import forget_candidates
from apps.finance.payments.selectors.merchants import missing_keys

if TYPE_CHECKING:
    from apps.accounts.models import User
    from apps.clusters.models import Cluster

MANAGE, APPROVE = "payments.manage_merchantaccount", "payments.approve_merchantaccount"
#: Columns that carry the name the rest of the platform gave them first.
_COLUMNS = {"form": "flex_id"}


@atomic
def open_merchant_account(
    *, cluster: Cluster, place: Place, terms: Terms, by: User, reason: str, now: datetime
) -> MerchantAccount:
    """
    Write an account at any gateway down for a brand, switched off.

    No payment goes there until ``propose_change`` and ``agree_to_change`` switch it on. Gateway,
    number, subaccount and currency stay for good: another account is another row.

    :raises MerchantAccountNotAllowed: ``by`` lacks payments.manage_merchantaccount
    :raises ReasonMissing: no reason is given, or one of over 300 characters
    :raises MerchantAccountInvalid: a part is missing, unknown or not possible; ``why`` says which
    :raises MerchantAccountTaken: it is written down already, for this or another brand
    """
    _check_may(by, MANAGE)
    _check_reason(reason)
    _check(why_not_place(place, gateway_for(place.gateway).capabilities.currencies))
    _check(why_not_terms(terms, method=method_of(place.gateway)))
    try:
        with atomic():
            account = MerchantAccount.objects.create(
                cluster=cluster,
                gateway=place.gateway,
                account_number=place.number,
                subaccount=place.subaccount,
                flex_id=place.form,
                credentials=place.credentials,
                currency=place.currency,
                is_active=False,
                **_columns(terms),
            )
    except IntegrityError as error:
        if "mid_unique" not in str(error):
            raise
        raise errors.MerchantAccountTaken(number=place.number) from error
    _note(account, "opened", by=by, reason=reason, facts={**asdict(place), **asdict(terms)})
    return account


@atomic
def set_merchant_terms(
    *, account_id: int, terms: Terms, by: User, reason: str, now: datetime
) -> MerchantAccount:
    """
    Change how an account may be used: from the next payment on. The same terms change nothing.

    :raises MerchantAccountNotAllowed: ``by`` lacks payments.manage_merchantaccount
    :raises ReasonMissing: no reason is given, or one of over 300 characters
    :raises MerchantAccountNotFound: there is no such account
    :raises MerchantAccountInvalid: the terms are not possible; ``why`` says why
    """
    _check_may(by, MANAGE)
    _check_reason(reason)
    account = _locked(account_id)
    _check(why_not_terms(terms, method=method_of(account.gateway)))
    new = _columns(terms)
    differing = changed({name: getattr(account, name) for name in new}, new)
    if not differing:
        return account
    for name in differing:
        setattr(account, name, new[name])
    _save(account, *differing)
    _note(account, "changed", by=by, reason=reason, facts=differing)
    return account


@atomic
def propose_change(
    *,
    account_id: int,
    by: User,
    reason: str,
    now: datetime,
    switch_on: bool = False,
    credentials: str | None = None,
    form: str | None = None,
) -> MerchantAccount:
    """
    Ask a second person to switch an account on, or to let it use other secrets or another form.
    Nothing changes until ``agree_to_change``. None: stays as it is.

    :raises MerchantAccountNotAllowed: ``by`` lacks payments.manage_merchantaccount
    :raises ReasonMissing: no reason is given, or one of over 300 characters
    :raises MerchantAccountNotFound: there is no such account
    :raises ChangeWaiting: another change waits already
    :raises MerchantAccountInvalid: it changes nothing, or is not possible; ``why`` says why
    :raises GatewayNotConfigured: it would be on with secrets that are not all set
    """
    _check_may(by, MANAGE)
    _check_reason(reason)
    account = _locked(account_id)
    if account.proposed_at is not None:
        raise errors.ChangeWaiting()
    wished: dict[str, Any] = {"credentials": credentials, "form": form}
    wished |= {"is_active": True} if switch_on else {}
    wish = {
        name: value
        for name, value in wished.items()
        if value is not None and value != getattr(account, _COLUMNS.get(name, name))
    }
    if not wish:
        raise errors.MerchantAccountInvalid(why="Nothing would change.")
    _check_wish(account, wish)
    account.proposal, account.proposed_by, account.proposed_at = wish, by, now
    _save(account, "proposal", "proposed_by", "proposed_at")
    _note(account, "change_proposed", by=by, reason=reason, facts=_told(wish))
    return account


@atomic
def agree_to_change(*, account_id: int, by: User, reason: str, now: datetime) -> MerchantAccount:
    """
    Let the change that waits come true, as a second person.

    :raises MerchantAccountNotAllowed: ``by`` lacks payments.approve_merchantaccount
    :raises ReasonMissing: no reason is given, or one of over 300 characters
    :raises MerchantAccountNotFound: there is no such account
    :raises NoChangeWaiting: none waits
    :raises SecondPersonNeeded: ``by`` proposed it
    :raises MerchantAccountInvalid: it has become impossible; ``why`` says why
    :raises GatewayNotConfigured: it would be on with secrets that are not all set
    """
    _check_may(by, APPROVE)
    _check_reason(reason)
    account = _waiting(account_id)
    if account.proposed_by_id == by.pk:
        raise errors.SecondPersonNeeded()
    wish = account.proposal
    _check_wish(account, wish)
    names = [_COLUMNS.get(name, name) for name in wish]
    for name, value in wish.items():
        setattr(account, _COLUMNS.get(name, name), value)
    if {"credentials", "flex_id"} & set(names):
        account.tested_at, account.test_passed, account.test_text = None, None, ""
        names += ["tested_at", "test_passed", "test_text"]
    _end_proposal(account, *names)
    _note(account, "change_agreed", by=by, reason=reason, facts=_told(wish))
    return account


@atomic
def withdraw_change(*, account_id: int, by: User, reason: str, now: datetime) -> MerchantAccount:
    """
    Drop the change that waits; whoever proposed it may, and whoever may agree to it.

    :raises MerchantAccountNotAllowed: ``by`` may neither manage nor approve
    :raises ReasonMissing: no reason is given, or one of over 300 characters
    :raises MerchantAccountNotFound: there is no such account
    :raises NoChangeWaiting: none waits
    """
    if not (by.has_perm(MANAGE) or by.has_perm(APPROVE)):
        raise errors.MerchantAccountNotAllowed()
    _check_reason(reason)
    account = _waiting(account_id)
    wish = account.proposal
    _end_proposal(account)
    _note(account, "change_withdrawn", by=by, reason=reason, facts=_told(wish))
    return account


@atomic
def switch_off_merchant_account(
    *, account_id: int, by: User, reason: str, now: datetime
) -> MerchantAccount:
    """
    Let no further payment begin at an account, at once. What has begun there goes on to its end.
    One that is off stays off.

    :raises MerchantAccountNotAllowed: ``by`` lacks payments.manage_merchantaccount
    :raises ReasonMissing: no reason is given, or one of over 300 characters
    :raises MerchantAccountNotFound: there is no such account
    """
    _check_may(by, MANAGE)
    _check_reason(reason)
    account = _locked(account_id)
    if not account.is_active:
        return account
    account.is_active = False
    _save(account, "is_active")
    _note(account, "switched_off", by=by, reason=reason, facts={})
    return account


def _columns(terms: Terms) -> dict[str, Any]:
    given = asdict(terms)
    return {
        **given,
        "countries": sorted(set(terms.countries)),
        "card_brands": sorted(set(terms.card_brands)),
    }


def _check_wish(account: MerchantAccount, wish: dict[str, Any]) -> None:
    """
    :raises MerchantAccountInvalid: the account would not be possible
    :raises GatewayNotConfigured: it would be on with secrets that are not all set
    """
    credentials = wish.get("credentials", account.credentials)
    place = Place(
        gateway=account.gateway,
        number=account.account_number,
        currency=account.currency,
        subaccount=account.subaccount,
        form=wish.get("form", account.flex_id),
        credentials=credentials,
    )
    _check(why_not_place(place, gateway_for(account.gateway).capabilities.currencies))
    if wish.get("is_active", account.is_active):
        missing = missing_keys(account.gateway, credentials)
        if missing:
            raise errors.GatewayNotConfigured(missing=", ".join(missing))


def _check(why: str) -> None:
    """
    :raises MerchantAccountInvalid: there is a reason against it
    """
    if why:
        raise errors.MerchantAccountInvalid(why=why)


def _check_may(by: User, permission: str) -> None:
    """
    :raises MerchantAccountNotAllowed: ``by`` lacks it
    """
    if not by.has_perm(permission):
        raise errors.MerchantAccountNotAllowed()


def _check_reason(reason: str) -> None:
    """
    :raises ReasonMissing: none, or one of over 300 characters
    """
    if not 0 < len(reason.strip()) <= REASON_LENGTH:
        raise errors.ReasonMissing()


@joins_transaction
def _locked(account_id: int) -> MerchantAccount:
    """
    :raises MerchantAccountNotFound: there is no such account
    """
    rows = MerchantAccount.objects.select_for_update(no_key=True, of=("self",))
    account = rows.select_related("cluster").filter(pk=account_id).first()
    if account is None:
        raise errors.MerchantAccountNotFound(account=account_id)
    return account


@joins_transaction
def _waiting(account_id: int) -> MerchantAccount:
    """
    :raises MerchantAccountNotFound: there is no such account
    :raises NoChangeWaiting: none waits
    """
    account = _locked(account_id)
    if account.proposed_at is None:
        raise errors.NoChangeWaiting()
    return account


@joins_transaction
def _end_proposal(account: MerchantAccount, *changed_names: str) -> None:
    account.proposal, account.proposed_by, account.proposed_at = {}, None, None
    _save(account, "proposal", "proposed_by", "proposed_at", *changed_names)


@joins_transaction
def _save(account: MerchantAccount, *names: str) -> None:
    """Other processes see it within ``settings.MEMORY_SECONDS``, this one at the next payment."""
    account.save(update_fields=[*names, "updated_at"])
    forget_candidates()


def _told(wish: dict[str, Any]) -> dict[str, Any]:
    """The name of a set is no secret; under its own name the record would hide it."""
    return {("set" if name == "credentials" else name): value for name, value in wish.items()}


@joins_transaction
def _note(
    account: MerchantAccount, what: str, *, by: User, reason: str, facts: dict[str, Any]
) -> None:
    audit.record(
        by=by,
        action=f"payments.merchant_account_{what}",
        subject=account,
        reason=reason.strip(),
        facts={"account": str(account), **_told(facts)},
        cluster=account.cluster,
    )
