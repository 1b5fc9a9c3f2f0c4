"""Whether a stored means of payment can pay what is charged later."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from apps.accounts.models import Profile
from apps.finance.payments.selectors.paid import is_chargeable
from apps.finance.subscriptions import errors

if TYPE_CHECKING:
    from apps.finance.payments.models import PaymentMethod


def check_means(means: PaymentMethod, *, fan: Profile, currency: str, now: datetime) -> None:
    """
    Answer only if we can charge a means for a fan while the fan is away.

    :raises MeansNeeded: it is another person's, removed, none we can charge, or its last month
        is over
    :raises CurrencyMismatch: it is charged in another currency
    """
    is_over = bool(means.expires) and means.expires < f"{now:%Y-%m}"
    if means.profile_id != fan.pk or not is_chargeable(means) or is_over:
        raise errors.MeansNeeded()
    charged_in = means.merchant_account.currency
    if charged_in != currency:
        raise errors.CurrencyMismatch(left=charged_in, right=currency)
