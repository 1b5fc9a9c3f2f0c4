"""What staff may do to a merchant account."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.core.admin import Verb
from apps.finance.payments import services as payments
from apps.finance.payments.admin.merchant_forms import DestinationForm, said_of
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.services.merchant_check import can_test

MANAGE, APPROVE = "payments.manage_merchantaccount", "payments.approve_merchantaccount"
_WAITS = "a change waits for a second person already."


def said_wish(row: MerchantAccount) -> str:
    """Return what waits, for people: names of sets, never a secret."""
    said = {
        "is_active": "switch it on",
        "credentials": f"use the secrets {row.proposal.get('credentials') or row.gateway} "
        f"instead of {row.credentials or row.gateway}",
        "form": f"use the form {row.proposal.get('form')} instead of {row.flex_id or 'none'}",
    }
    return "; ".join(said[name] for name in row.proposal)


def on_refusal(row: MerchantAccount, _by: Any) -> str:
    if row.is_active:
        return "it is on."
    return _WAITS if row.proposed_at else ""


def on_run(row: MerchantAccount, by: Any, reason: str) -> str:
    payments.propose_change(
        account_id=row.pk, switch_on=True, by=by, reason=reason, now=timezone.now()
    )
    return "Asked for. It is off until a second person agrees."


def place_run(row: MerchantAccount, by: Any, reason: str, *, credentials: str, form: str) -> str:
    payments.propose_change(
        account_id=row.pk,
        credentials=credentials.strip() or None,
        form=form.strip() or None,
        by=by,
        reason=reason,
        now=timezone.now(),
    )
    return "Asked for. Nothing changes until a second person agrees."


def agree_refusal(row: MerchantAccount, by: Any) -> str:
    if not row.proposed_at:
        return "no change waits."
    return "you asked for it: somebody else must agree." if row.proposed_by_id == by.pk else ""


def agree_run(row: MerchantAccount, by: Any, reason: str) -> str:
    done = payments.agree_to_change(account_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"Agreed. The account is {'on' if done.is_active else 'off'}."


def withdraw_run(row: MerchantAccount, by: Any, reason: str) -> str:
    payments.withdraw_change(account_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Dropped. Nothing has changed."


def off_run(row: MerchantAccount, by: Any, reason: str) -> str:
    payments.switch_off_merchant_account(
        account_id=row.pk, by=by, reason=reason, now=timezone.now()
    )
    return "It is off: no further payment begins there."


def check_preview(row: MerchantAccount, _by: Any) -> str:
    return (
        f"Asks {row.get_gateway_display()} about a sale that cannot exist, with the secrets "
        f"{row.credentials or row.gateway}. Nothing can be charged. Wrong secrets may lock the "
        "account after a few tries."
    )


def check_refusal(row: MerchantAccount, _by: Any) -> str:
    if not can_test(row.gateway):
        return "this gateway answers nothing without a true sale; make a small payment instead."
    said = said_of(row.gateway, row.credentials)
    return "" if said == "complete" else f"its set of secrets {said}."


def check_run(row: MerchantAccount, by: Any, _reason: str) -> str:
    done = payments.check_merchant_account(account_id=row.pk, by=by, now=timezone.now())
    return f"{'Passed' if done.passed else 'Failed'}. {done.text}"


VERBS = (
    Verb(
        name="test",
        label="Test the connection",
        permission=MANAGE,
        preview=check_preview,
        refusal=check_refusal,
        run=check_run,
        icon="network_check",
    ),
    Verb(
        name="agree",
        label="Agree to the change",
        permission=APPROVE,
        preview=lambda row, _by: f"Lets this come true: {said_wish(row)}.",
        refusal=agree_refusal,
        run=agree_run,
        is_quiet=True,
        help="Compare with the gateway's contract first: fans' money goes where this says.",
    ),
    Verb(
        name="withdraw",
        label="Drop the change",
        permission=MANAGE,
        preview=lambda row, _by: f"Drops this: {said_wish(row)}.",
        refusal=lambda row, _by: "" if row.proposed_at else "no change waits.",
        run=withdraw_run,
        is_quiet=True,
        icon="undo",
    ),
    Verb(
        name="on",
        label="Switch on",
        permission=MANAGE,
        preview=lambda row, _by: (
            f"Asks a second person to let {row.cluster.name} charge by it. Its secrets: "
            f"{said_of(row.gateway, row.credentials)}. Test: {row.test_text or 'never made'}."
        ),
        refusal=on_refusal,
        run=on_run,
        is_quiet=True,
        icon="power_settings_new",
    ),
    Verb(
        name="place",
        label="Change secrets or form",
        permission=MANAGE,
        preview=lambda row, _by: (
            f"Asks a second person. Today: secrets {row.credentials or row.gateway}, form "
            f"{row.flex_id or 'none'}. Gateway, number and currency stay for good."
        ),
        refusal=lambda row, _by: _WAITS if row.proposed_at else "",
        run=place_run,
        form=DestinationForm,
        icon="key",
    ),
    Verb(
        name="off",
        label="Switch off",
        permission=MANAGE,
        preview=lambda _row, _by: (
            "No further payment begins there. What has begun goes on to its end, and webhooks, "
            "refunds and disputes work as before. To switch it on again takes two people."
        ),
        refusal=lambda row, _by: "" if row.is_active else "it is off.",
        run=off_run,
        danger=True,
        is_quiet=True,
        icon="power_settings_new",
    ),
)
