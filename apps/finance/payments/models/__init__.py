"""The tables of payments."""

from apps.finance.payments.models.attempt import Attempt
from apps.finance.payments.models.dispute import (
    Dispute,
    DisputeEvent,
    DisputeRound,
    EvidencePack,
    FraudReport,
    Reserve,
)
from apps.finance.payments.models.fee import FeeSchedule
from apps.finance.payments.models.merchant import MerchantAccount
from apps.finance.payments.models.method import PaymentMethod
from apps.finance.payments.models.refund import Recovery, Refund, RefundEvent, RefundPolicy
from apps.finance.payments.models.simulation import RouteSimulation
from apps.finance.payments.models.spending import SpendingLimit
from apps.finance.payments.models.transaction import Transaction, TransactionEvent
from apps.finance.payments.models.webhook import WebhookEvent, WebhookNotice

__all__ = [
    "Attempt",
    "Dispute",
    "DisputeEvent",
    "DisputeRound",
    "EvidencePack",
    "FeeSchedule",
    "FraudReport",
    "MerchantAccount",
    "PaymentMethod",
    "Recovery",
    "Refund",
    "RefundEvent",
    "RefundPolicy",
    "Reserve",
    "RouteSimulation",
    "SpendingLimit",
    "Transaction",
    "TransactionEvent",
    "WebhookEvent",
    "WebhookNotice",
]
