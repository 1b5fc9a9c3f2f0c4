"""What a refusal lets us try next."""

import pytest

from apps.finance.payments.choices import Gateway
from apps.finance.payments.rules.declines import Decline, classify


@pytest.mark.parametrize(
    ("gateway", "code", "kind"),
    [
        ("ccbill", "BE-140", Decline.SOFT),
        ("ccbill", "be-140", Decline.SOFT),
        ("ccbill", "BE-102", Decline.HARD),
        ("ccbill", "BE-107", Decline.NEEDS_PAYER),
        ("ccbill", "51", Decline.SOFT),
        ("ccbill", "4", Decline.HARD),
        ("nmi", "202", Decline.SOFT),
        ("nmi", "261", Decline.HARD),
        ("nmi", "262", Decline.HARD),
        ("nmi", "263", Decline.NEEDS_PAYER),
        ("nmi", "223", Decline.NEEDS_PAYER),
        ("nmi", "264", Decline.SOFT),
        ("nmi", "430", Decline.HARD),
        ("vendo", "6307", Decline.NEEDS_PAYER),
        ("segpay", "41", Decline.HARD),
        ("netbilling", "54", Decline.NEEDS_PAYER),
        ("epoch", "NDECLINED", Decline.SOFT),
    ],
)
def test_known_codes_say_what_may_follow(gateway, code, kind):
    assert classify(gateway, code) is kind


@pytest.mark.parametrize("gateway", [*Gateway.values, "nowhere"])
def test_what_is_not_known_is_never_tried_again(gateway):
    for code in ("", "NEW-CODE", "999999"):
        assert classify(gateway, code) is Decline.HARD
