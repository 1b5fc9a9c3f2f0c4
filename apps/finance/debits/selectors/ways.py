"""How a fan may pay by bank on a brand, and what they did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.debits import errors
from apps.finance.debits.choices import SCHEME_OF, Scheme
from apps.finance.debits.models import Debit, Mandate, Transfer
from apps.finance.debits.rules.words import Words, words_for
from apps.finance.debits.selectors.banks import config_of
from apps.finance.debits.selectors.terms import terms_of
from apps.finance.payments.selectors.banks import bank_accounts

TRANSFER = "WIRE"


@dataclass(frozen=True, slots=True)
class BankWay:
    """A way to pay by bank. ``kind`` is ACH, SEPA or WIRE; a transfer asks for no words."""

    kind: str
    account_id: int
    least: Money
    most: Money
    creditor: str
    creditor_id: str = ""
    notice_days: int = 0
    words: Words | None = None


def ways_of(profile: Profile) -> list[BankWay]:
    """Return the ways that are switched on and set up on the fan's brand; one of each kind."""
    found: dict[str, BankWay] = {}
    ours = [
        one for one in bank_accounts() if one.cluster_id == profile.cluster_id and one.is_active
    ]
    for account in sorted(ours, key=lambda one: (one.rank, one.pk)):
        if account.gateway.upper() in found:
            continue
        try:
            found[account.gateway.upper()] = _way(account)
        except errors.NotConfigured:
            continue
    return list(found.values())


def way_for(profile: Profile, kind: str) -> BankWay:
    """
    Return one way to pay.

    :raises NotOffered: the brand does not offer it
    """
    for way in ways_of(profile):
        if way.kind == kind:
            return way
    raise errors.NotOffered(kind=kind)


def mandates_of(profile: Profile) -> QuerySet[Mandate]:
    """Return the fan's mandates on the brand, the newest first."""
    return Mandate.objects.filter(profile=profile).order_by("-id")


def mandate_for(profile: Profile, public_id: UUID) -> Mandate:
    """
    :raises MandateNotFound: the fan has none by this id
    """
    found = mandates_of(profile).filter(public_id=public_id).first()
    if found is None:
        raise errors.MandateNotFound()
    return found


def debits_of(profile: Profile) -> QuerySet[Debit]:
    """Return what was, or will be, debited from the fan, the newest first."""
    return (
        Debit.objects.filter(mandate__profile=profile)
        .select_related("mandate", "transaction")
        .order_by("-id")
    )


def debit_for(profile: Profile, public_id: UUID) -> Debit:
    """
    :raises DebitNotFound: the fan has none by this id
    """
    found = debits_of(profile).filter(public_id=public_id).first()
    if found is None:
        raise errors.DebitNotFound()
    return found


def transfers_of(profile: Profile) -> QuerySet[Transfer]:
    """Return the transfers the fan announced, the newest first."""
    return (
        Transfer.objects.filter(profile=profile)
        .select_related("transaction", "merchant_account")
        .order_by("-id")
    )


def transfer_for(profile: Profile, public_id: UUID) -> Transfer:
    """
    :raises TransferNotFound: the fan announced none by this id
    """
    found = transfers_of(profile).filter(public_id=public_id).first()
    if found is None:
        raise errors.TransferNotFound()
    return found


def where_to_send(transfer: Transfer) -> dict[str, str]:
    """
    Return holder, IBAN and BIC that the payer sends an announced transfer to.

    :raises NotConfigured: the account at the bank is not set up any more
    """
    config = config_of(transfer.merchant_account)
    return {name: config[name] for name in ("holder", "iban", "bic")}


def _way(account: Any) -> BankWay:
    config = config_of(account)
    least = Money(account.least_minor, account.currency)
    most = Money(account.most_minor, account.currency)
    if account.gateway not in SCHEME_OF:
        return BankWay(TRANSFER, account.pk, least, most, config["holder"])
    scheme = SCHEME_OF[account.gateway]
    terms = terms_of(scheme)
    is_sepa = scheme == Scheme.SEPA
    creditor = config["creditor_name" if is_sepa else "company_name"]
    creditor_id = config["creditor_id"] if is_sepa else ""
    words = words_for(
        scheme,
        creditor=creditor,
        creditor_id=creditor_id,
        notice_days=terms.notice_days,
        retries=terms.retries,
    )
    return BankWay(
        scheme.value, account.pk, least, most, creditor, creditor_id, terms.notice_days, words
    )
