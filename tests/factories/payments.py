"""Merchant accounts, and the webhooks CCBill sends about a payment."""

from __future__ import annotations

import hashlib
from typing import Any

import factory
from django.conf import settings

from apps.clusters.models import Cluster
from apps.finance.payments.models import MerchantAccount, Transaction


class MerchantAccountFactory(factory.django.DjangoModelFactory[MerchantAccount]):
    class Meta:
        model = MerchantAccount

    cluster = factory.LazyFunction(lambda: Cluster.objects.get(slug="boyfanz"))
    gateway = "ccbill"
    account_number = "900000"
    subaccount = factory.LazyAttribute(lambda it: f"{it.cluster.position:04d}")
    flex_id = "fanz-flex"
    descriptor = "FANZ.EXAMPLE 800-555-0100"

    @classmethod
    def of(cls, cluster: Cluster) -> MerchantAccount:
        """The brand's account, made when it has none."""
        found = MerchantAccount.objects.filter(cluster=cluster).first()
        return found or cls.create(cluster=cluster)


def md5(*parts: str) -> str:
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def webhook_fields(transaction: Transaction, **changes: str) -> dict[str, Any]:
    """The documented fields of a one-time sale, the digest right unless changed."""
    account = transaction.merchant_account
    assert account is not None
    price = str(transaction.amount.decimal)
    sale = changes.get("subscriptionId", "0117240102000000041")
    return {
        "eventType": "NewSaleSuccess",
        "clientAccnum": account.account_number,
        "clientSubacc": account.subaccount,
        "transactionId": sale,
        "subscriptionId": sale,
        "timestamp": "2026-01-15 05:00:00",
        "subscriptionInitialPrice": price,
        "subscriptionCurrencyCode": "840",
        "initialPeriod": "2",
        "dynamicPricingValidationDigest": md5(price, "2", "840", settings.CCBILL["salt"]),
        "X-order": str(transaction.public_id),
        **changes,
    }


def failure_fields() -> dict[str, str]:
    return {
        "eventType": "NewSaleFailure",
        "transactionId": "0117240102000000099",
        "failureCode": "BE-900",
        "failureReason": "transaction declined",
    }
