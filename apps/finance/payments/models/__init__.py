"""The tables of payments."""

from apps.finance.payments.models.fee import FeeSchedule
from apps.finance.payments.models.merchant import MerchantAccount
from apps.finance.payments.models.transaction import Transaction, TransactionEvent
from apps.finance.payments.models.webhook import WebhookEvent

__all__ = ["FeeSchedule", "MerchantAccount", "Transaction", "TransactionEvent", "WebhookEvent"]
