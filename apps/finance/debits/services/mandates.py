"""Payers allow, and end, that we take money from their bank account."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.core.db import joins_transaction, outside_transaction
from apps.core.sealing import seal, unseal
from apps.finance.debits import errors
from apps.finance.debits.choices import (
    GATEWAY_OF,
    AccountKind,
    DebitState,
    ItemState,
    MandateState,
    Scheme,
)
from apps.finance.debits.models import BankItem, Debit, Mandate, MandateEvent
from apps.finance.debits.rules import calendars, nacha
from apps.finance.debits.rules.codes import corrections_of, meaning_of
from apps.finance.debits.rules.references import bic_of, clean_account, clean_iban, clean_routing
from apps.finance.debits.services.moves import move_debit
from apps.finance.payments.selectors.banks import bank_account
from apps.finance.payments.services.bank import bank_cancelled

#: As the column and SEPAs names are.
HOLDER_LENGTH = 70
#: Of the ways that Nacha names (supplementing fraud detection for WEB debits, 2021) the one that
#: needs nobody else: an entry over nothing, three banking days before the first debit.
BY_PRENOTE = "Prenote"
_PURPOSE = "debits.mandate"
IN_FORCE = frozenset({MandateState.ACTIVE, MandateState.CHECKING})
_KIND_OF_CODE = {nacha.CHECKING: AccountKind.CHECKING, nacha.SAVINGS: AccountKind.SAVINGS}


@dataclass(frozen=True, slots=True)
class Signature:
    """Proof that the payer agreed; ``validation`` says how an ACH account was validated.

    ``BY_PRENOTE``: it is not yet. The mandate is CHECKING until its prenote was not returned.
    """

    ip: str
    proof: str
    validation: str = ""
    agent: str = ""
    words_version: str = ""


@atomic
def sign_sepa(
    *,
    profile: Profile,
    merchant_account_id: int,
    holder: str,
    iban: str,
    signature: Signature,
    now: datetime,
) -> Mandate:
    """
    Record a SEPA CORE mandate of the payer, ready for use.

    :raises AccountInvalid, HolderMissing, ProofMissing, BankNotOfThis: as they say
    """
    number = clean_iban(iban)
    return _sign(
        Mandate(scheme=Scheme.SEPA, last4=number[-4:], bank=bic_of(number)),
        {"iban": number, "bic": bic_of(number)},
        profile=profile,
        merchant_account_id=merchant_account_id,
        holder=holder,
        signature=signature,
        now=now,
    )


@atomic
def sign_ach(
    *,
    profile: Profile,
    merchant_account_id: int,
    holder: str,
    routing: str,
    account: str,
    kind: AccountKind,
    signature: Signature,
    now: datetime,
) -> Mandate:
    """
    Record an ACH authorisation (WEB) of the payer, ready for use.

    Nacha asks that the account is validated before its first debit (WEB, since 19 March 2021).

    :raises AccountInvalid, HolderMissing, ProofMissing, BankNotOfThis: as they say
    """
    number, route = clean_account(account), clean_routing(routing)
    if not signature.validation.strip():
        raise errors.ProofMissing(missing="validation")
    return _sign(
        Mandate(scheme=Scheme.ACH, last4=number[-4:], bank=route, account_kind=kind),
        {"routing": route, "account": number, "kind": str(kind.value)},
        profile=profile,
        merchant_account_id=merchant_account_id,
        holder=holder,
        signature=signature,
        now=now,
    )


@atomic
def revoke_mandate(*, public_id: UUID, profile: Profile, now: datetime) -> Mandate:
    """
    The payer takes the authorisation back. What is in no file yet is cancelled; again: no change.

    :raises MandateNotFound: the payer has none by this id
    """
    mandate = (
        Mandate.objects.select_for_update(of=("self",))
        .filter(public_id=public_id, profile=profile)
        .first()
    )
    if mandate is None:
        raise errors.MandateNotFound()
    _revoke(mandate, by=profile.user, reason="", now=now)
    return mandate


@atomic
def revoke_by_staff(*, mandate_id: int, by: User, reason: str, now: datetime) -> Mandate:
    """
    Staff end a mandate, as the payer asked them to; again: no change.

    :raises DebitsNotAllowed: ``by`` lacks debits.end_mandate
    :raises ReasonMissing, MandateNotFound: as they say
    """
    if not by.has_perm("debits.end_mandate"):
        raise errors.DebitsNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    mandate = Mandate.objects.select_for_update(of=("self",)).filter(pk=mandate_id).first()
    if mandate is None:
        raise errors.MandateNotFound()
    _revoke(mandate, by=by, reason=reason, now=now)
    return mandate


@joins_transaction
def block_mandate(mandate: Mandate, *, code: str, now: datetime) -> None:
    """A bank says the account may not be debited: end a locked mandate, and what waits for it."""
    if mandate.state not in IN_FORCE:
        return
    mandate.state, mandate.ended_by_code, mandate.ended_at = MandateState.BLOCKED, code, now
    mandate.save()
    _write(mandate, f"Blocked: {meaning_of(code)}", now=now, code=code)
    cancel_waiting(mandate, now=now, by=None)
    audit.record(
        by=None,
        action="debits.mandate_blocked",
        subject=mandate,
        facts={"code": code},
        cluster=mandate.cluster,
    )


@outside_transaction
def prove_accounts(*, now: datetime, limit: int = 500) -> int:
    """
    Let mandates be used whose prenote did not come back in time; return how many. News of a
    prenote that nobody acted on yet goes first. Each is a transaction of its own: safe twice at
    once.
    """
    today = now.astimezone(calendars.ZONE_OF[Scheme.ACH]).date()
    due = Mandate.objects.filter(state=MandateState.CHECKING, usable_from__lte=today)
    keys = due.order_by("id").values_list("pk", flat=True)[:limit]
    return sum(_prove(pk, now=now) for pk in keys)


@atomic
def _prove(pk: int, *, now: datetime) -> bool:
    mandate = (
        Mandate.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk, state=MandateState.CHECKING)
        .first()
    )
    if mandate is None:
        return False
    told = mandate.prenotes.values_list("reference", flat=True)
    open_news = BankItem.objects.filter(
        reference__in=list(told), state__in=[ItemState.WAITING, ItemState.QUEUED]
    )
    if open_news.exists():
        return False
    mandate.state = MandateState.ACTIVE
    mandate.save(update_fields=["state"])
    _write(mandate, "The account is proved: its prenote was not returned", now=now)
    return True


@joins_transaction
def correct_mandate(
    mandate: Mandate, *, code: str, data: str, by: User | None, now: datetime
) -> bool:
    """
    Apply a notification of change to a locked mandate: the next debit goes to the new account.

    False where the change is none that may be applied by machine. The same again changes nothing.

    :raises AccountInvalid: the bank's data have a wrong check digit
    """
    changed = corrections_of(code, data)
    if not changed or mandate.scheme != Scheme.ACH:
        return False
    account = json.loads(unseal(mandate.sealed_account, purpose=_PURPOSE))
    if "routing" in changed:
        account["routing"] = clean_routing(changed["routing"])
    if "account" in changed:
        account["account"] = clean_account(changed["account"])
    if "code" in changed:
        if changed["code"] not in _KIND_OF_CODE:
            return False
        account["kind"] = str(_KIND_OF_CODE[changed["code"]].value)
    mandate.sealed_account = seal(json.dumps(account), purpose=_PURPOSE)
    mandate.bank, mandate.last4 = account["routing"], account["account"][-4:]
    mandate.account_kind = account["kind"]
    mandate.save()
    what = ", ".join(sorted(changed))
    _write(mandate, f"Corrected by the bank: {what}", now=now, code=code, by=by)
    audit.record(
        by=by,
        action="debits.mandate_corrected",
        subject=mandate,
        facts={"code": code, "changed": what, "last4": mandate.last4},
        cluster=mandate.cluster,
    )
    return True


def account_behind(mandate: Mandate) -> dict[str, str]:
    """Return the account itself, opened; for files only, never shown or logged."""
    return dict(json.loads(unseal(mandate.sealed_account, purpose=_PURPOSE)))


def _sign(
    mandate: Mandate,
    account: dict[str, str],
    *,
    profile: Profile,
    merchant_account_id: int,
    holder: str,
    signature: Signature,
    now: datetime,
) -> Mandate:
    name = " ".join(holder.split())
    if not name or len(name) > HOLDER_LENGTH:
        raise errors.HolderMissing()
    if not signature.proof.strip():
        raise errors.ProofMissing(missing="proof")
    scheme = Scheme(mandate.scheme)
    ours = bank_account(
        account_id=merchant_account_id, cluster_id=profile.cluster_id, gateway=GATEWAY_OF[scheme]
    )
    if ours is None:
        raise errors.BankNotOfThis()
    mandate.public_id = uuid4()
    mandate.reference = f"FANZ{mandate.public_id.hex[:24].upper()}"
    mandate.profile, mandate.cluster = profile, profile.cluster
    mandate.merchant_account = ours
    mandate.holder = name
    mandate.sealed_account = seal(json.dumps(account), purpose=_PURPOSE)
    mandate.signed_at = mandate.created_at = now
    mandate.signed_ip, mandate.proof = signature.ip, signature.proof.strip()
    mandate.validation = signature.validation.strip()[:200]
    if mandate.validation == BY_PRENOTE:
        mandate.state = MandateState.CHECKING
    mandate.signed_agent = signature.agent[:200]
    mandate.words_version = signature.words_version
    mandate.save()
    _write(mandate, "Signed", now=now, by=profile.user)
    audit.record(
        by=profile.user,
        action="debits.mandate_signed",
        subject=mandate,
        facts={"scheme": scheme.value, "last4": mandate.last4, "reference": mandate.reference},
        cluster=profile.cluster,
        ip=signature.ip,
    )
    return mandate


def _revoke(mandate: Mandate, *, by: User, reason: str, now: datetime) -> None:
    if mandate.state not in IN_FORCE:
        return
    mandate.state, mandate.ended_at = MandateState.REVOKED, now
    mandate.save()
    _write(mandate, f"Revoked {reason}".strip(), now=now, by=by)
    cancel_waiting(mandate, now=now, by=by)
    audit.record(
        by=by,
        action="debits.mandate_revoked",
        subject=mandate,
        reason=reason,
        cluster=mandate.cluster,
    )


@joins_transaction
def cancel_waiting(mandate: Mandate, *, now: datetime, by: User | None) -> None:
    """Cancel the debits of a locked mandate that are in no file: it is not in force any more."""
    waiting = Debit.objects.select_for_update().filter(mandate=mandate, state=DebitState.READY)
    for debit in waiting.order_by("id"):
        why = "The mandate ended before it was sent"
        move_debit(debit, DebitState.CANCELLED, now=now, reason=why, by=by)
        bank_cancelled(transaction_id=debit.transaction_id, reason=why, now=now)


def _write(
    mandate: Mandate, what: str, *, now: datetime, code: str = "", by: User | None = None
) -> None:
    MandateEvent.objects.create(mandate=mandate, at=now, what=what[:200], code=code, by=by)
