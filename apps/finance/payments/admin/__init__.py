"""Payments in the console."""

from apps.finance.payments.admin.settings import FeeScheduleAdmin, MerchantAccountAdmin
from apps.finance.payments.admin.transactions import TransactionAdmin
from apps.finance.payments.admin.webhooks import WebhookEventAdmin

__all__ = ["FeeScheduleAdmin", "MerchantAccountAdmin", "TransactionAdmin", "WebhookEventAdmin"]
