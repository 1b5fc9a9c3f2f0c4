"""The words of the reports."""

from django.db.models import TextChoices


class Role(TextChoices):
    """What a row is."""

    HEADING = "heading", "Names the rows below it"
    LINE = "line", "A figure that drills down to its entries"
    SUBTOTAL = "subtotal", "Adds up a section"
    TOTAL = "total", "Adds up sections"
    PROOF = "proof", "Must be zero"


class Compare(TextChoices):
    NONE = "none", "No comparison"
    PREVIOUS = "previous", "The period before"
    LAST_YEAR = "last-year", "The same period a year earlier"


class Cash(TextChoices):
    """The classes of cash flows (IAS 7.10), and exchange, which has no class in one currency."""

    OPERATING = "operating", "Operating activities"
    INVESTING = "investing", "Investing activities"
    FINANCING = "financing", "Financing activities"
    EXCHANGE = "exchange", "Exchanged between currencies"


class Step(TextChoices):
    """How fine a series of a chart is."""

    DAY = "day", "Day"
    MONTH = "month", "Month"


class Earned(TextChoices):
    """The sections of a creator's statement."""

    SALES = "sales", "Earned"
    REFUNDS = "refunds", "Refunds"
    CHARGEBACKS = "chargebacks", "Chargebacks"
    PAYOUTS = "payouts", "Payouts"
    OTHER = "other", "Other"
