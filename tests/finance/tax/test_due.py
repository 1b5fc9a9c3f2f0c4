"""Tax to the cent: worked examples, and laws that hold for every price."""

from decimal import Decimal

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.core.money import Money
from apps.finance.tax import errors
from apps.finance.tax.rules.due import Applicable, due_on
from apps.finance.tax.rules.places import Buyer, place_of


def rate(percent, *, inclusive=True, kind="VAT", rate_id=1):
    return Applicable(rate_id, "XX", kind, Decimal(percent), inclusive)


@pytest.mark.parametrize(
    ("price", "rates", "net", "tax", "gross"),
    [
        # 25.00 with 19 % inside: 25 x 19 / 119 = 3.9915...
        (2500, [rate("19")], 2101, 399, 2500),
        # 25.00 with 25.5 % (Finland) inside: 25 x 25.5 / 125.5 = 5.0796...
        (2500, [rate("25.5")], 1992, 508, 2500),
        # 0.01 with 20 % inside: 0.0016... is nothing
        (1, [rate("20")], 1, 0, 1),
        # 0.03 with 20 % inside: 0.005 is a cent
        (3, [rate("20")], 2, 1, 3),
        # 25.00 with 10 % on top
        (2500, [rate("10", inclusive=False)], 2500, 250, 2750),
        # 0.05 with 10 % on top: half a cent goes up
        (5, [rate("10", inclusive=False)], 5, 1, 6),
        # 100.00 with 4 % and 10 % on top: each of the net price
        (10000, [rate("4", inclusive=False), rate("10", inclusive=False, kind="LEVY")],
         10000, 1400, 11400),
        # 107.00 with 5 % and 2 % inside: 7.00, of which 5.00 and 2.00
        (10700, [rate("5"), rate("2", kind="LEVY")], 10000, 700, 10700),
        # 119.00 with 19 % inside and 2 % on top of the 100.00
        (11900, [rate("19"), rate("2", inclusive=False, kind="LEVY")], 10000, 2100, 12100),
        (2500, [rate("0")], 2500, 0, 2500),
        (2500, [], 2500, 0, 2500),
    ],
)  # fmt: skip
def test_worked_examples(price, rates, net, tax, gross):
    quote = due_on(Money(price, "EUR"), place="XX", rates=rates)
    assert (quote.net.minor, quote.tax.minor, quote.gross.minor) == (net, tax, gross)


def test_two_taxes_inside_share_their_sum_without_losing_a_cent():
    quote = due_on(Money(1000, "EUR"), place="XX", rates=[rate("5"), rate("2", kind="LEVY")])
    assert [line.tax.minor for line in quote.lines] == [46, 19]  # of 46.43 and 18.57
    assert quote.tax.minor == 65


def test_yen_have_no_cents():
    quote = due_on(Money(1000, "JPY"), place="XX", rates=[rate("10")])
    assert (quote.net, quote.tax) == (Money(909, "JPY"), Money(91, "JPY"))


PERCENTS = st.decimals(min_value=0, max_value=100, places=4)


@for_all(
    price=st.integers(0, 10**12),
    rates=st.lists(st.tuples(PERCENTS, st.booleans()), max_size=4),
)
def test_no_cent_is_lost(price, rates):
    asked = [
        rate(str(percent), inclusive=inside, kind=f"K{n}", rate_id=n)
        for n, (percent, inside) in enumerate(rates)
    ]
    quote = due_on(Money(price, "EUR"), place="XX", rates=asked)
    assert quote.gross == quote.net + quote.tax
    assert quote.tax.minor == sum(line.tax.minor for line in quote.lines)
    assert quote.added.minor == sum(
        line.tax.minor for line in quote.lines if not line.is_inclusive
    )
    assert all(0 <= line.tax.minor <= quote.gross.minor for line in quote.lines)
    assert 0 <= quote.net.minor <= price
    inside = sum(percent for percent, is_inside in rates if is_inside)
    exact = Decimal(price) * inside / (100 + inside)
    assert abs((price - quote.net.minor) - exact) <= Decimal("0.5")


@pytest.mark.parametrize(
    ("declared", "seen", "code", "proofs", "agreed"),
    [
        ("DE", "DE", "DE", ("DECLARED:DE", "ADDRESS:DE"), True),
        ("US-CA", "US", "US-CA", ("DECLARED:US-CA", "ADDRESS:US"), True),
        ("DE", "", "DE", ("DECLARED:DE",), False),
        ("", "DE", "DE", ("ADDRESS:DE",), False),
        # a choice alone does not lower the tax: what is seen counts
        ("AE", "DE", "DE", ("DECLARED:AE", "ADDRESS:DE"), False),
        # a header that names no country (an anonymous network) proves nothing
        ("DE", "T1", "DE", ("DECLARED:DE",), False),
    ],
)
def test_where_a_buyer_is(declared, seen, code, proofs, agreed):
    place = place_of(Buyer(declared, seen))
    assert (place.code, place.proofs, place.is_agreed) == (code, proofs, agreed)


def test_a_buyer_of_no_place_is_asked_for_it():
    with pytest.raises(errors.PlaceMissing):
        place_of(Buyer())


def test_a_place_that_does_not_exist_is_refused():
    with pytest.raises(errors.PlaceUnknown):
        place_of(Buyer("EL", "GR"))
