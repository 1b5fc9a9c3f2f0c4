"""Questions about payments."""

from apps.finance.payments.rules.fees import Quote
from apps.finance.payments.selectors.fees import quote
from apps.finance.payments.selectors.health import GatewayHealth, gateway_health
from apps.finance.payments.selectors.merchants import merchant_account_of
from apps.finance.payments.selectors.methods import means_for, means_of
from apps.finance.payments.selectors.renewals import (
    Renewer,
    renewals_of,
    renewed_by,
    renews_by,
)
from apps.finance.payments.selectors.spending import Standing, spending_of
from apps.finance.payments.selectors.told import dispute_told_of, refund_told_of, told_of
from apps.finance.payments.selectors.transactions import (
    Receipt,
    is_by_stored_means,
    receipt_of,
    transaction_for,
    transactions_of,
    unknown_outcomes,
)

__all__ = [
    "GatewayHealth",
    "Quote",
    "Receipt",
    "Renewer",
    "Standing",
    "dispute_told_of",
    "gateway_health",
    "is_by_stored_means",
    "means_for",
    "means_of",
    "merchant_account_of",
    "quote",
    "receipt_of",
    "refund_told_of",
    "renewals_of",
    "renewed_by",
    "renews_by",
    "spending_of",
    "told_of",
    "transaction_for",
    "transactions_of",
    "unknown_outcomes",
]
