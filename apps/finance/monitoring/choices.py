"""The words of monitoring: the networks' programmes and how close an account is to their lines."""

from __future__ import annotations

from django.db.models import TextChoices


class Programme(TextChoices):
    """Who judges. HOUSE is ours: acquirers act long before a network does."""

    VAMP = "VAMP", "Visa Acquirer Monitoring Program"
    ECM = "ECM", "Mastercard Excessive Chargeback Merchant"
    HECM = "HECM", "Mastercard High Excessive Chargeback Merchant"
    EFM = "EFM", "Mastercard Excessive Fraud Merchant"
    HOUSE = "HOUSE", "Our own line"


class Network(TextChoices):
    VISA = "VISA", "Visa"
    MASTERCARD = "MASTERCARD", "Mastercard"
    ALL = "ALL", "All cards"


class Basis(TextChoices):
    """What a month's count is divided by."""

    SAME_MONTH = "SAME_MONTH", "Sales of the same month"
    PREVIOUS_MONTH = "PREVIOUS_MONTH", "Sales of the month before"


class Counted(TextChoices):
    """What a programme counts."""

    DISPUTES_AND_FRAUD = "DISPUTES_AND_FRAUD", "Chargebacks and fraud reports"
    CHARGEBACKS = "CHARGEBACKS", "Chargebacks"
    FRAUD_CHARGEBACKS = "FRAUD_CHARGEBACKS", "Chargebacks for fraud, by amount"


class Level(TextChoices):
    """The part of a line that is reached: below a half, 50, 75, 90 and 100 %."""

    CALM = "CALM", "Calm"
    HALF = "HALF", "Half way"
    CLOSE = "CLOSE", "Close"
    NEAR = "NEAR", "Near"
    OVER = "OVER", "Over"
