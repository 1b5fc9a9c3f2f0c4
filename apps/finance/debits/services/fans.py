"""A fan sets up payment by bank, and pays by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.debits import errors
from apps.finance.debits.choices import AccountKind, Scheme
from apps.finance.debits.models import Mandate
from apps.finance.debits.rules.references import clean_account, clean_iban, clean_routing
from apps.finance.debits.selectors.ways import TRANSFER, way_for
from apps.finance.debits.services.mandates import (
    BY_PRENOTE,
    IN_FORCE,
    Signature,
    account_behind,
    sign_ach,
    sign_sepa,
)
from apps.finance.debits.services.transfers import Announced, announce_transfer
from apps.finance.payments.services.way import PayBy

#: More accounts than this nobody needs; trying numbers of strangers' accounts needs more.
MOST_MANDATES = 5


@dataclass(frozen=True, slots=True)
class PayerAccount:
    """The payer's account: an IBAN, or routing number, account number and its kind."""

    holder: str
    iban: str = field(default="", repr=False)
    routing: str = field(default="", repr=False)
    account: str = field(default="", repr=False)
    kind: str = AccountKind.CHECKING.value


@dataclass(frozen=True, slots=True)
class Consent:
    """What proves that the payer agreed: to which words, from where, with what browser."""

    words_version: str
    ip: str
    agent: str = ""


@atomic
def open_mandate(
    *, profile: Profile, scheme: str, account: PayerAccount, consent: Consent, now: datetime
) -> Mandate:
    """
    Keep a fan's authorisation with the words they were shown. A SEPA mandate may be used at once;
    an ACH account is checked by a prenote first (CHECKING), debits wait for it meanwhile.

    The account of a mandate that is in force again: that mandate, nothing is changed.

    :raises NotOffered: the brand does not offer the scheme
    :raises WordsChanged: other words are in force than the fan was shown
    :raises AccountInvalid, HolderMissing: as they say
    :raises TooManyMandates: five are in force, or were signed today
    """
    way = way_for(profile, Scheme(scheme).value)
    if way.words is None or consent.words_version != way.words.version:
        raise errors.WordsChanged()
    # One at a time for a fan: what is counted and compared below must stand still.
    Profile.objects.select_for_update(of=("self",)).get(pk=profile.pk)
    wanted = _wanted(scheme, account)
    live = list(Mandate.objects.filter(profile=profile, state__in=IN_FORCE).order_by("id"))
    for mandate in live:
        if mandate.scheme == scheme and wanted.items() <= account_behind(mandate).items():
            return mandate
    today = Mandate.objects.filter(profile=profile, signed_at__gt=now - timedelta(days=1))
    if max(len(live), today.count()) >= MOST_MANDATES:
        raise errors.TooManyMandates(most=MOST_MANDATES)
    signature = Signature(
        consent.ip,
        way.words.text,
        BY_PRENOTE if scheme == Scheme.ACH else "",
        agent=consent.agent,
        words_version=way.words.version,
    )
    if scheme == Scheme.SEPA:
        return sign_sepa(
            profile=profile,
            merchant_account_id=way.account_id,
            holder=account.holder,
            iban=wanted["iban"],
            signature=signature,
            now=now,
        )
    return sign_ach(
        profile=profile,
        merchant_account_id=way.account_id,
        holder=account.holder,
        routing=wanted["routing"],
        account=wanted["account"],
        kind=AccountKind(wanted["kind"]),
        signature=signature,
        now=now,
    )


def open_transfer(
    *,
    profile: Profile,
    amount: Money,
    idempotency_key: str,
    now: datetime,
    pay_by: PayBy | None = None,
) -> Announced:
    """
    Announce a deposit by transfer to the brand's account. The same key returns the first.
    Risk looks at the address and country in ``pay_by``.

    :raises NotOffered: the brand takes no transfers
    :raises KeyReused, CurrencyNotOffered, AmountOutOfRange, NoFee: as payments
    """
    return announce_transfer(
        profile=profile,
        merchant_account_id=way_for(profile, TRANSFER).account_id,
        amount=amount,
        idempotency_key=idempotency_key,
        now=now,
        pay_by=pay_by,
    )


def _wanted(scheme: str, account: PayerAccount) -> dict[str, str]:
    if scheme == Scheme.SEPA:
        return {"iban": clean_iban(account.iban)}
    if account.kind not in AccountKind.values:
        raise errors.AccountInvalid(field="kind")
    return {
        "routing": clean_routing(account.routing),
        "account": clean_account(account.account),
        "kind": account.kind,
    }
