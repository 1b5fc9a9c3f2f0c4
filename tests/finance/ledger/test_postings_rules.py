"""What the recipes keep for any amounts, and what they refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import DomainError
from apps.core.money import CurrencyMismatch, Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger.choices import Bearer, EntryKind
from apps.finance.ledger.postings import AccountRef, Draft, Funds, Sale, Tax, part_of, sale_of


def usd(text: str) -> Money:
    return Money.of(text, "USD")


ONE, TEN, NOTHING = usd("1.00"), usd("10.00"), usd("0.00")


@st.composite
def sales(draw: st.DrawFn, *, card: bool) -> Sale:
    amount = draw(st.integers(1, 100_000))
    cuts = sorted(draw(st.lists(st.integers(0, amount), min_size=4, max_size=4)))
    fee, processing, first, second = (
        high - low for low, high in zip([0, *cuts[:-1]], cuts, strict=True)
    )
    ids = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True))
    return sale_of(
        transaction_id=1,
        cluster="boyfanz",
        amount=Money(amount, "USD"),
        creators={creator_id: draw(st.integers(1, 100)) for creator_id in ids},
        platform_fee=Money(fee, "USD"),
        taxes=(Tax("DE", Money(first, "USD")), Tax("US-AL", Money(second, "USD"))),
        processing_fee=Money(processing, "USD") if card else None,
        fee_borne_by=draw(st.sampled_from(Bearer)),
        credit=None if card else Money(draw(st.integers(0, amount)), "USD"),
    )


@st.composite
def in_parts(draw: st.DrawFn, *, card: bool) -> tuple[Sale, list[Money]]:
    sale = draw(sales(card=card))
    cuts = draw(st.lists(st.integers(1, sale.amount.minor), max_size=6, unique=True))
    ends = sorted({*cuts, sale.amount.minor})
    parts = [high - low for low, high in zip([0, *ends[:-1]], ends, strict=True)]
    return sale, [Money(part, "USD") for part in draw(st.permutations(parts))]


def sums(drafts: Sequence[Draft]) -> Counter[AccountRef]:
    moved: Counter[AccountRef] = Counter()
    for draft in drafts:
        for account, amount in draft.movements:
            moved[account] += amount.minor
    return Counter({account: net for account, net in moved.items() if net})


def parts_of(sale: Sale, amounts: Sequence[Money]) -> list[Sale]:
    return [part_of(sale, amount, earlier=amounts[:i]) for i, amount in enumerate(amounts)]


@given(sale=sales(card=True))
def test_a_sale_by_card_gives_everybody_their_part_to_the_cent(sale: Sale) -> None:
    draft = postings.sold_by_card(EntryKind.PPV_CONTENT_CARD, sale=sale, gateway="ccbill")
    assert sum(sums([draft]).values()) == 0
    assert sums([draft])[postings.processor_clearing("ccbill")] == sale.amount.minor
    assert sum(share.amount.minor for share in sale.shares) + sale.platform_fee.minor + sum(
        tax.amount.minor for tax in sale.taxes
    ) + sale.processing_fee.minor - sale.cost.minor == (sale.amount.minor)


@given(
    told=in_parts(card=True),
    returned=st.booleans(),
    platform_fee=st.booleans(),
    borne_by=st.sampled_from(Bearer),
)
def test_a_card_refunded_in_parts_is_the_card_refunded_whole(
    told: tuple[Sale, list[Money]], returned: bool, platform_fee: bool, borne_by: Bearer
) -> None:
    sale, amounts = told
    options: dict[str, Any] = {
        "gateway": "ccbill",
        "processing_fee_returned": returned,
        "platform_fee_returned": platform_fee,
        "kept_fees_borne_by": borne_by,
    }
    refunds = [
        postings.refund_to_card(refund_id=i, part=part, **options)
        for i, part in enumerate(parts_of(sale, amounts))
    ]
    whole = postings.refund_to_card(refund_id=0, part=part_of(sale, sale.amount), **options)
    assert sums(refunds) == sums([whole])
    for refund, amount in zip(refunds, amounts, strict=True):
        assert sums([refund])[postings.processor_clearing("ccbill")] == -amount.minor
        assert sum(sums([refund]).values()) == 0


@given(told=in_parts(card=False))
def test_a_wallet_refunded_in_parts_takes_the_whole_sale_back(
    told: tuple[Sale, list[Money]],
) -> None:
    sale, amounts = told
    sold = postings.sold_from_wallet(EntryKind.PPV_CONTENT_WALLET, sale=sale, fan_id=99)
    refunds = [
        postings.refund_to_wallet(refund_id=i, part=part, fan_id=99)
        for i, part in enumerate(parts_of(sale, amounts))
    ]
    assert sums([sold, *refunds]) == Counter()


@given(told=in_parts(card=True), borne_by=st.sampled_from(Bearer))
def test_a_sale_charged_back_in_parts_is_charged_back_whole(
    told: tuple[Sale, list[Money]], borne_by: Bearer
) -> None:
    sale, amounts = told
    parts = parts_of(sale, amounts)
    lost = [
        postings.chargeback_lost(chargeback_id=i, part=part, gateway="ccbill", borne_by=borne_by)
        for i, part in enumerate(parts)
    ]
    whole = postings.chargeback_lost(
        chargeback_id=0, part=part_of(sale, sale.amount), gateway="ccbill", borne_by=borne_by
    )
    assert sums(lost) == sums([whole])
    assert {sum(sums([draft]).values()) for draft in (*lost, whole)} == {0}


@given(told=in_parts(card=True))
def test_no_part_of_a_sale_is_ever_below_zero(told: tuple[Sale, list[Money]]) -> None:
    sale, amounts = told
    for part in parts_of(sale, amounts):
        moneys = [money for share in part.shares for money in share[1:]]
        moneys += [tax.amount for tax in part.taxes] + [part.cost, part.credit]
        assert min(money.minor for money in moneys) >= 0
        assert part.credit <= part.amount


@given(amount=st.integers(1, 1000), payable=st.integers(0, 1000), reserve=st.integers(0, 1000))
def test_a_creator_pays_back_from_earnings_then_reserve_then_owes(
    amount: int, payable: int, reserve: int
) -> None:
    sale = sale_of(
        transaction_id=1, cluster="boyfanz", amount=Money(amount, "USD"), creators={7: 1},
        platform_fee=NOTHING,
    )  # fmt: skip
    funds = Funds(Money(payable, "USD"), Money(reserve, "USD"))
    refund = postings.refund_to_card(refund_id=1, part=sale, gateway="ccbill", funds={7: funds})
    moved = sums([refund])
    earned, reserved = postings.creator_payable(7), postings.creator_reserve(7)
    owed = postings.due_from_creator(7)
    assert moved[earned] == min(amount, payable)
    assert moved[reserved] == min(amount - moved[earned], reserve)
    assert moved[owed] == amount - moved[earned] - moved[reserved]


def test_spare_cents_of_a_collaboration_go_to_the_largest_remainder() -> None:
    sale = sale_of(
        transaction_id=1, cluster="boyfanz", amount=usd("1.00"), creators={7: 1, 8: 1, 9: 1},
        platform_fee=NOTHING,
    )  # fmt: skip
    assert [str(share.amount.decimal) for share in sale.shares] == ["0.34", "0.33", "0.33"]


def _sale(**changed: Any) -> Sale:
    facts: dict[str, Any] = {
        "transaction_id": 1,
        "cluster": "boyfanz",
        "amount": TEN,
        "creators": {7: 1},
        "platform_fee": ONE,
    }
    return sale_of(**facts | changed)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"platform_fee": usd("10.01")}, errors.FeesExceedAmount),
        ({"taxes": (Tax("DE", usd("9.01")),)}, errors.FeesExceedAmount),
        ({"processing_fee": usd("9.01")}, errors.FeesExceedAmount),
        ({"credit": usd("10.01")}, errors.FeesExceedAmount),
        ({"amount": NOTHING, "platform_fee": NOTHING}, errors.AmountOutOfRange),
        ({"amount": -TEN}, errors.AmountOutOfRange),
        ({"platform_fee": -ONE}, errors.AmountOutOfRange),
        ({"taxes": (Tax("DE", -ONE),)}, errors.AmountOutOfRange),
        ({"creators": {}}, errors.AmountOutOfRange),
        ({"creators": {7: 0}}, errors.AmountOutOfRange),
        ({"creators": {7: 1, 8: -1}}, errors.AmountOutOfRange),
        ({"platform_fee": Money(100, "EUR")}, CurrencyMismatch),
    ],
)
def test_a_sale_that_makes_no_sense_is_refused(
    changed: dict[str, Any], error: type[DomainError]
) -> None:
    with pytest.raises(error):
        _sale(**changed)


@pytest.mark.parametrize(
    ("amount", "earlier", "error"),
    [
        (usd("10.01"), [], errors.RefundExceedsSale),
        (usd("5.01"), [usd("4.00"), usd("1.00")], errors.RefundExceedsSale),
        (ONE, [TEN], errors.RefundExceedsSale),
        (NOTHING, [], errors.AmountOutOfRange),
        (ONE, [-ONE], errors.AmountOutOfRange),
        (Money(1, "EUR"), [], CurrencyMismatch),
    ],
)
def test_a_refund_of_more_than_is_left_is_refused(
    amount: Money, earlier: list[Money], error: type[DomainError]
) -> None:
    with pytest.raises(error):
        part_of(_sale(), amount, earlier=earlier)


_TIP = {"transaction_id": 1, "creator_id": 7, "cluster": "boyfanz", "amount": TEN}
_OUT = {"payout_id": 1, "amount": TEN, "rail": "paxum", "cluster": "boyfanz"}
_SETTLED = {
    "settlement_id": 1, "gateway": "ccbill", "bank": "main", "gross": TEN, "received": TEN,
    "fees": NOTHING, "fees_expected": NOTHING,
}  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "facts"),
    [
        (postings.tip_by_card,
         _TIP | {"gateway": "ccbill", "platform_fee": usd("9.00"), "processing_fee": usd("1.01")}),
        (postings.tip_from_wallet, _TIP | {"fan_id": 3, "platform_fee": usd("10.01")}),
        (postings.tip_from_wallet,
         _TIP | {"fan_id": 3, "platform_fee": ONE, "taxes": (Tax("DE", usd("9.01")),)}),
        (postings.payout_settled, _OUT | {"rail_fee": ONE, "creator_fee": usd("10.01")}),
        (postings.payout_returned, _OUT | {"creator_id": 7, "return_fee": usd("10.01")}),
        (postings.settlement_received, _SETTLED | {"fees": usd("6.00"), "reserve": usd("4.01")}),
        (postings.deposit_refund,
         {"refund_id": 1, "fan_id": 3, "gateway": "ccbill", "amount": ONE, "cluster": "boyfanz",
          "returned_fee": usd("1.01")}),
        (postings.content_by_card, {"sale": _sale(credit=ONE), "gateway": "ccbill"}),
        (postings.content_from_wallet, {"sale": _sale(processing_fee=ONE), "fan_id": 3}),
    ],
)  # fmt: skip
def test_a_fee_above_its_amount_is_refused(
    recipe: Callable[..., Draft], facts: dict[str, Any]
) -> None:
    with pytest.raises(errors.FeesExceedAmount):
        recipe(**facts)


@pytest.mark.parametrize("amount", [NOTHING, -ONE])
def test_an_event_of_nothing_or_less_is_refused(amount: Money) -> None:
    with pytest.raises(errors.AmountOutOfRange):
        postings.reserve_held(reserve_id=1, creator_id=7, amount=amount, cluster="boyfanz")
    with pytest.raises(errors.AmountOutOfRange):
        postings.capital_paid_in(payment_id=1, bank="main", amount=amount)
    with pytest.raises(errors.AmountOutOfRange):
        postings.debt_recovered(
            recovery_id=1, creator_id=7, owed=amount, earned=ONE, cluster="boyfanz"
        )


def test_a_returned_payout_whose_fee_the_creator_bears_is_less() -> None:
    draft = postings.payout_returned(
        payout_id=1, creator_id=7, rail="paxum", amount=TEN, return_fee=ONE, cluster="boyfanz",
        fee_borne_by=Bearer.CREATOR,
    )  # fmt: skip
    assert sums([draft]) == {
        postings.rail_cash("paxum"): 900,
        postings.creator_payable(7): -900,
    }


def test_a_lost_chargeback_gives_the_tax_back_and_loses_the_processing_fee() -> None:
    sale = _sale(taxes=(Tax("DE", usd("1.60")),), processing_fee=usd("0.40"))
    case: dict[str, Any] = {"chargeback_id": 1, "part": sale, "gateway": "ccbill"}
    moved = sums([postings.chargeback_lost(**case)])
    assert moved == {
        postings.creator_payable(7): 700,
        postings.PLATFORM_REVENUE: 100,
        postings.sales_tax("DE"): 160,
        postings.CHARGEBACK_LOSSES: 40,
        postings.disputed("ccbill"): -1000,
    }
    moved = sums([postings.chargeback_lost(borne_by=Bearer.PLATFORM, **case)])
    assert moved == {
        postings.sales_tax("DE"): 160,
        postings.CHARGEBACK_LOSSES: 840,
        postings.disputed("ccbill"): -1000,
    }


@pytest.mark.parametrize(("owed", "earned"), [("3.00", "5.00"), ("5.00", "3.00")])
def test_a_debt_is_recovered_as_far_as_it_is_owed_and_earned(owed: str, earned: str) -> None:
    draft = postings.debt_recovered(
        recovery_id=1, creator_id=7, owed=usd(owed), earned=usd(earned), cluster="boyfanz"
    )
    assert sums([draft]) == {
        postings.creator_payable(7): 300,
        postings.due_from_creator(7): -300,
    }


def test_half_a_cent_of_store_credit_goes_back_as_a_whole_one_first() -> None:
    sale = _sale(amount=usd("0.02"), platform_fee=NOTHING, credit=usd("0.01"))
    parts = parts_of(sale, [usd("0.01"), usd("0.01")])
    assert [part.credit for part in parts] == [usd("0.01"), NOTHING]
