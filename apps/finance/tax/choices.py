"""The words of tax."""

from django.db.models import TextChoices


class TaxKind(TextChoices):
    """What a place calls it. Kinds add up: a sales tax and a levy may be due on one sale."""

    VAT = "VAT", "VAT"
    SALES_TAX = "SALES_TAX", "Sales tax"
    GST = "GST", "GST"
    LEVY = "LEVY", "Levy"


class Product(TextChoices):
    """What is sold, as tax law tells it apart. ANY is for all without a rate of their own."""

    ANY = "ANY", "Everything"
    DIGITAL = "DIGITAL", "Electronic service"
    LIVE = "LIVE", "Live stream"
    TIP = "TIP", "Tip"


class Proof(TextChoices):
    """Where a fan's place is known from (EU implementing regulation 282/2011, article 24f)."""

    DECLARED = "DECLARED", "Declared by the payer"
    ADDRESS = "ADDRESS", "Country of the internet address"
    BILLING = "BILLING", "Billing country at the card processor"


class Form(TextChoices):
    """A yearly statement of creators for an authority."""

    NEC = "NEC", "1099-NEC (United States)"
    DAC7 = "DAC7", "DAC7 (European Union)"


class RunState(TextChoices):
    QUEUED = "QUEUED", "Waits to be made"
    RUNNING = "RUNNING", "Is being made"
    DONE = "DONE", "Ready"
