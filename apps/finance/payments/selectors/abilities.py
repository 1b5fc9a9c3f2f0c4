"""What an account can do for a payment: by its gateway, and by how it is set up there."""

from __future__ import annotations

from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.choices import AttemptKind
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.selectors.merchants import account_of

#: A key of an account's configuration: ``always`` where the gateway was told, in its console, to
#: ask every payer on its own page for 3-D Secure.
PAGE_CHALLENGES = "page_asks_3ds"


def can_take(account: MerchantAccount, kind: AttemptKind) -> bool:
    """Test if an account's gateway offers a kind of checkout."""
    able = gateway_for(account.gateway).capabilities
    offered = {
        AttemptKind.HOSTED: able.hosted_page,
        AttemptKind.FIELDS: able.fields,
        AttemptKind.STORED: able.token_charge,
    }
    return offered[kind]


def can_challenge(account: MerchantAccount, kind: AttemptKind) -> bool:
    """Test if a payer is sure to be asked for 3-D Secure when we want it (``Order.challenge``)."""
    if kind.value in gateway_for(account.gateway).capabilities.challenges:
        return True
    always = account_of(account).config.get(PAGE_CHALLENGES, "") == "always"
    return always and kind == AttemptKind.HOSTED
