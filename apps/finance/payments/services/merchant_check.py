"""Ask a gateway whether it hears us and knows the secrets of an account."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.db.transaction import atomic

from apps.audit import services as audit
from apps.core.db import outside_transaction
from apps.core.errors import Unavailable
from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import Sold
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.rules.merchants import PARTS
from apps.finance.payments.selectors.merchants import account_of, missing_keys

if TYPE_CHECKING:
    from apps.accounts.models import User

TEXT_LENGTH = 200
#: Of the form of our orders' tokens, so that a look-up by it asks for nothing else.
NO_ORDER = "00000000000000000000000000000000"


class Tested(NamedTuple):
    """What came of it, as text for staff."""

    passed: bool
    text: str


@outside_transaction
def check_merchant_account(*, account_id: int, by: User, now: datetime) -> Tested:
    """
    Look a sale up that cannot exist, and keep what the gateway says. No money can move.

    Passed: it answered, so address and secrets are right as far as a look-up needs them; those
    of hosted pages and webhooks a small payment must prove. Waits on the network.

    :raises MerchantAccountNotAllowed: ``by`` lacks payments.manage_merchantaccount
    :raises MerchantAccountNotFound: there is no such account
    :raises GatewayNotConfigured: the set of secrets lacks what the gateway needs
    :raises NothingToTest: the gateway answers nothing without a true sale
    """
    if not by.has_perm("payments.manage_merchantaccount"):
        raise errors.MerchantAccountNotAllowed()
    account = MerchantAccount.objects.select_related("cluster").filter(pk=account_id).first()
    if account is None:
        raise errors.MerchantAccountNotFound(account=account_id)
    if not can_test(account.gateway):
        raise errors.NothingToTest()
    missing = missing_keys(account.gateway, account.credentials)
    if missing:
        raise errors.GatewayNotConfigured(missing=", ".join(missing))
    done = _ask(account, now)
    _keep(account, done, by=by, now=now)
    return done


def can_test(gateway: str) -> bool:
    """Test if there is a question the gateway answers without a true sale."""
    return gateway_for(gateway).capabilities.look_up and PARTS[gateway].probe is not None


def _ask(account: MerchantAccount, now: datetime) -> Tested:
    asked = Sold(
        account=account_of(account),
        reference=PARTS[account.gateway].probe or "",
        token=NO_ORDER,
        amount=Money(account.least_minor, account.currency),
        sold_at=now,
    )
    try:
        answer = gateway_for(account.gateway).look_up(asked)
    except Unavailable as error:
        facts = ", ".join(f"{name} {value}" for name, value in error.facts.items())
        return Tested(passed=False, text=f"{error} {facts}".strip()[:TEXT_LENGTH])
    return Tested(passed=True, text=f"It answered: {answer.sale.value}.")


@atomic
def _keep(account: MerchantAccount, done: Tested, *, by: User, now: datetime) -> None:
    """An account whose secrets were changed meanwhile was not tested with these."""
    kept = MerchantAccount.objects.filter(
        pk=account.pk, credentials=account.credentials, flex_id=account.flex_id
    ).update(tested_at=now, test_passed=done.passed, test_text=done.text, updated_at=now)
    audit.record(
        by=by,
        action="payments.merchant_account_tested",
        subject=account,
        facts={"passed": done.passed, "said": done.text, "kept": bool(kept)},
        cluster=account.cluster,
    )
