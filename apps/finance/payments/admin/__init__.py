"""Payments in the console."""

from apps.finance.payments.admin.disputes import DisputeAdmin
from apps.finance.payments.admin.fees import FeeScheduleAdmin
from apps.finance.payments.admin.merchants import MerchantAccountAdmin
from apps.finance.payments.admin.refund_policies import RefundPolicyAdmin
from apps.finance.payments.admin.refunds import RefundAdmin
from apps.finance.payments.admin.simulator import SimulatorAdmin
from apps.finance.payments.admin.transactions import TransactionAdmin
from apps.finance.payments.admin.webhooks import WebhookEventAdmin

__all__ = [
    "DisputeAdmin",
    "FeeScheduleAdmin",
    "MerchantAccountAdmin",
    "RefundAdmin",
    "RefundPolicyAdmin",
    "SimulatorAdmin",
    "TransactionAdmin",
    "WebhookEventAdmin",
]
