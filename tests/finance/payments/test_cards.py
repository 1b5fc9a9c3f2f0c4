"""One word for each network, whatever the gateway calls it; what is not told stays empty."""

import pytest

from apps.finance.payments.rules.cards import card_of


@pytest.mark.parametrize(
    ("facts", "network"),
    [
        ({"cardType": "VISA"}, "VISA"),
        ({"cardType": "Visa Electron"}, "VISA"),
        ({"CCBrand": "MASTER_CARD"}, "MASTERCARD"),
        ({"card_brand": "mc", "cardType": "VISA"}, "MASTERCARD"),
        ({"paymentMethod": "amex"}, "AMEX"),
        ({"cardType": "Diners Club"}, "DINERS"),
        ({"paymentMethod": "paysafecard"}, ""),
        ({}, ""),
    ],
)
def test_each_network_has_one_name(facts: dict[str, str], network: str) -> None:
    assert card_of(facts).network == network


@pytest.mark.parametrize(
    ("country", "kept"),
    [("us", "US"), ("DE", "DE"), ("USA", ""), ("U1", ""), ("ÄÖ", ""), ("", "")],
)
def test_a_country_is_two_letters(country: str, kept: str) -> None:
    assert card_of({"country": country}).country == kept
