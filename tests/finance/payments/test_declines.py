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
        ("ccbill", "51", Decline.HARD),
        ("ccbill", "4", Decline.HARD),
        ("adyen", "12", Decline.SOFT),
        ("adyen", "19", Decline.HARD),
        ("adyen", "38", Decline.NEEDS_PAYER),
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


@pytest.mark.parametrize("gateway", Gateway.values)
def test_only_what_reached_nobody_may_be_tried_elsewhere_at_once(gateway):
    """After a late or broken answer of the issuer a second charge would be possible."""
    tried = {code for code in map(str, range(1000)) if at_once(gateway, code)}
    tried |= {code for code in map("{:02d}".format, range(100)) if at_once(gateway, code)}
    assert tried <= ({"9"} if gateway == "adyen" else {"91", "92"})


def at_once(gateway, code):
    return classify(gateway, code) is Decline.ON_THE_WAY
