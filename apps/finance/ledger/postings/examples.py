"""Every recipe with figures, as one story in its order: the first entries pay for the later ones.

docs/reference/ledger-events.md is written from it, and the tests post it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger.choices import Bearer
from apps.finance.ledger.postings.draft import AccountRef, Draft, credit, debit
from apps.finance.ledger.postings.sale import Funds, Tax, part_of, sale_of

BRAND = "boyfanz"
FAN, CREATOR, PARTNER = 3, 7, 8
CARD, BANK, RAIL = "ccbill", "main", "paxum"


class Example(NamedTuple):
    """One entry of the story. ``bears`` says who pays the fee or loss in it, if there is one."""

    topic: str
    title: str
    recipe: Callable[..., Draft]
    draft: Draft
    bears: str


def usd(text: str) -> Money:
    return Money.of(text, "USD")


class _Story:
    def __init__(self) -> None:
        self.examples: list[Example] = []
        self.topic = ""

    def about(self, topic: str) -> None:
        self.topic = topic

    def tell(
        self, title: str, recipe: Callable[..., Draft], *, bears: str = "", **facts: Any
    ) -> None:
        """Write the next entry; amounts of dollars are text."""
        money = {
            k: usd(v) if k in _AMOUNTS and isinstance(v, str) else v for k, v in facts.items()
        }
        draft = recipe(**money)
        self.examples.append(Example(self.topic, title, recipe, draft, bears))


_AMOUNTS = {
    "amount", "platform_fee", "processing_fee", "credit", "fee", "rail_fee", "creator_fee",
    "return_fee", "returned_fee", "gross", "received", "fees", "fees_expected", "reserve",
    "interest", "owed", "earned", "in_wallet", "gain", "difference",
}  # fmt: skip


def _sale(number: int, amount: str, fee: str, processing: str = "0.00", **more: Any) -> Any:
    return sale_of(
        transaction_id=number,
        cluster=BRAND,
        amount=usd(amount),
        platform_fee=usd(fee),
        processing_fee=usd(processing),
        **{"creators": {CREATOR: 1}, **more},
    )


SUBSCRIPTION = _sale(4, "25.00", "5.00", "2.00")
GERMAN = _sale(10, "119.00", "20.00", "7.00", taxes=(Tax("DE", usd("19.00")),))
CALIFORNIAN = _sale(
    11, "10.85", "2.00", "1.00", taxes=(Tax("US-CA", usd("0.60")), Tax("US-CA-LA", usd("0.25")))
)
TOGETHER = _sale(12, "50.01", "10.00", "3.00", creators={CREATOR: 60, PARTNER: 40})
FROM_WALLET = _sale(9, "8.00", "1.60")
WITH_CREDIT = _sale(14, "6.00", "1.20", credit=usd("5.00"))
DISPUTED = _sale(15, "40.00", "8.00", "3.00")
ALL_SPENT = {PARTNER: Funds(payable=usd("14.80"), reserve=usd("0.00"))}


def _company(story: _Story) -> None:
    story.about("The company")
    story.tell("Capital paid in", postings.capital_paid_in,
               payment_id=1, bank=BANK, amount="100000.00")  # fmt: skip
    story.tell("Loan received", postings.loan_received,
               payment_id=1, bank=BANK, amount="20000.00")  # fmt: skip
    story.tell("Loan repaid with interest", postings.loan_repaid,
               payment_id=2, bank=BANK, amount="1000.00", interest="85.00")  # fmt: skip
    story.tell("Equipment bought", postings.equipment_bought,
               purchase_id=1, bank=BANK, amount="5000.00")  # fmt: skip
    story.tell("Equipment written down", postings.depreciated,
               depreciation_id=1, amount="125.00")  # fmt: skip
    story.tell("Hosting paid", postings.expense_paid,
               expense_id=1, bank=BANK, amount="900.00", cluster=BRAND)  # fmt: skip
    story.tell("Profit paid to the owner", postings.paid_out_to_owner,
               payment_id=2, bank=BANK, amount="300.00")  # fmt: skip
    story.tell("Payout rail funded", postings.rail_funded, bears="platform",
               funding_id=1, bank=BANK, rail=RAIL, amount="10000.00", fee="15.00")  # fmt: skip


def _sales(story: _Story) -> None:
    story.about("Deposits and store credit")
    story.tell("Wallet deposit by card", postings.wallet_deposit, bears="platform",
               transaction_id=1, fan_id=FAN, gateway=CARD, amount="150.00",
               processing_fee="15.90", cluster=BRAND)  # fmt: skip
    story.tell("Store credit granted", postings.credit_granted, bears="platform",
               credit_id=1, fan_id=FAN, amount="10.00", cluster=BRAND)  # fmt: skip
    story.about("Sales")
    story.tell("Tip by card", postings.tip_by_card, bears="creator",
               transaction_id=2, creator_id=CREATOR, gateway=CARD, amount="100.00",
               platform_fee="15.00", processing_fee="5.00", cluster=BRAND)  # fmt: skip
    story.tell("Tip from the wallet", postings.tip_from_wallet, bears="creator",
               transaction_id=3, fan_id=FAN, creator_id=CREATOR, amount="20.00",
               platform_fee="4.00", cluster=BRAND)  # fmt: skip
    story.tell("Subscription by card", postings.subscription_by_card, bears="creator",
               sale=SUBSCRIPTION, gateway=CARD)  # fmt: skip
    story.tell("Subscription from the wallet", postings.subscription_from_wallet, bears="creator",
               sale=_sale(5, "10.00", "2.00"), fan_id=FAN)  # fmt: skip
    story.tell("Renewal by card, processing fee on the platform", postings.renewal_by_card,
               bears="platform", gateway=CARD,
               sale=_sale(6, "25.00", "5.00", "2.00", fee_borne_by=Bearer.PLATFORM))  # fmt: skip
    story.tell("Renewal from the wallet", postings.renewal_from_wallet, bears="creator",
               sale=_sale(7, "10.00", "2.00"), fan_id=FAN)  # fmt: skip
    story.tell("Paid trial by card", postings.paid_trial_by_card, bears="creator",
               sale=_sale(8, "1.00", "0.20", "0.30"), gateway=CARD)  # fmt: skip
    story.tell("Paid trial from the wallet", postings.paid_trial_from_wallet, bears="creator",
               sale=_sale(16, "1.00", "0.20"), fan_id=FAN)  # fmt: skip
    story.tell("Content to Germany, 19 % VAT on the whole price", postings.content_by_card,
               bears="creator", sale=GERMAN, gateway=CARD)  # fmt: skip
    story.tell("Content from the wallet", postings.content_from_wallet, bears="creator",
               sale=FROM_WALLET, fan_id=FAN)  # fmt: skip
    story.tell("Content of two creators, 60 to 40", postings.content_by_card, bears="creators",
               sale=TOGETHER, gateway=CARD)  # fmt: skip
    story.tell("Message to California, state and county tax on top", postings.message_by_card,
               bears="creator", sale=CALIFORNIAN, gateway=CARD)  # fmt: skip
    story.tell("Message from store credit and the wallet", postings.message_from_wallet,
               bears="creator", sale=WITH_CREDIT, fan_id=FAN)  # fmt: skip


def _refunds(story: _Story) -> None:
    story.about("Refunds")
    story.tell("Full refund to the card, the processor returns its fee", postings.refund_to_card,
               refund_id=1, part=part_of(SUBSCRIPTION, usd("25.00")), gateway=CARD,
               processing_fee_returned=True)  # fmt: skip
    story.tell("Half of the German sale, the processor keeps its fee", postings.refund_to_card,
               bears="creator", refund_id=2, part=part_of(GERMAN, usd("59.50")),
               gateway=CARD)  # fmt: skip
    story.tell("The other half, the platform bears the processor's fee", postings.refund_to_card,
               bears="platform", refund_id=3, gateway=CARD, kept_fees_borne_by=Bearer.PLATFORM,
               part=part_of(GERMAN, usd("59.50"), earlier=[usd("59.50")]))  # fmt: skip
    story.tell("Two creators refund; the platform keeps its fee, one owes the rest",
               postings.refund_to_card, bears="creators", refund_id=4,
               part=part_of(TOGETHER, usd("50.01")), gateway=CARD, platform_fee_returned=False,
               funds=ALL_SPENT)  # fmt: skip
    story.tell("Refund to the wallet", postings.refund_to_wallet,
               refund_id=5, part=part_of(FROM_WALLET, usd("8.00")), fan_id=FAN)  # fmt: skip
    story.tell("Half of a sale paid with store credit, to credit and wallet",
               postings.refund_to_wallet,
               refund_id=6, part=part_of(WITH_CREDIT, usd("3.00")), fan_id=FAN)  # fmt: skip
    story.tell("Deposit refunded to the card, half of the fee returned", postings.deposit_refund,
               bears="platform", refund_id=7, fan_id=FAN, gateway=CARD, amount="30.00",
               returned_fee="1.59", cluster=BRAND)  # fmt: skip
    story.about("Never used")
    story.tell("Store credit expired", postings.credit_expired,
               credit_id=1, fan_id=FAN, amount="5.00", cluster=BRAND)  # fmt: skip
    story.tell("Wallet never spent", postings.breakage,
               breakage_id=1, fan_id=FAN, amount="1.50", cluster=BRAND)  # fmt: skip


def _chargebacks(story: _Story) -> None:
    story.about("Chargebacks")
    story.tell("Message by card, to be disputed", postings.message_by_card, bears="creator",
               sale=DISPUTED, gateway=CARD)  # fmt: skip
    case: dict[str, Any] = {"gateway": CARD, "cluster": BRAND}
    story.tell("Chargeback opened", postings.chargeback_opened,
               chargeback_id=1, amount="40.00", **case)  # fmt: skip
    story.tell("Chargeback fee", postings.chargeback_fee, bears="platform",
               chargeback_id=1, fee="25.00", cluster=BRAND)  # fmt: skip
    story.tell("Chargeback won", postings.chargeback_won,
               chargeback_id=1, amount="40.00", **case)  # fmt: skip
    story.tell("Chargeback opened again (second presentment)", postings.chargeback_opened,
               chargeback_id=2, amount="40.00", **case)  # fmt: skip
    story.tell("Chargeback fee charged to the creator", postings.chargeback_fee, bears="creator",
               chargeback_id=2, fee="25.00", cluster=BRAND, creator_id=CREATOR)  # fmt: skip
    story.tell("Chargeback lost", postings.chargeback_lost, bears="creator",
               chargeback_id=2, part=part_of(DISPUTED, usd("40.00")), gateway=CARD)  # fmt: skip
    story.tell("Chargeback of the tip opened", postings.chargeback_opened,
               chargeback_id=3, amount="100.00", **case)  # fmt: skip
    story.tell("Chargeback lost, the platform bears it", postings.chargeback_lost,
               bears="platform", chargeback_id=3, gateway=CARD, borne_by=Bearer.PLATFORM,
               part=_sale(2, "100.00", "15.00", "5.00"))  # fmt: skip
    story.tell("Chargeback of the rest of the deposit opened", postings.chargeback_opened,
               chargeback_id=4, amount="120.00", **case)  # fmt: skip
    story.tell("Chargeback of a deposit lost, a part of it spent",
               postings.deposit_chargeback_lost, bears="platform", chargeback_id=4, fan_id=FAN,
               amount="120.00", in_wallet="77.00", **case)  # fmt: skip


def _creators(story: _Story) -> None:
    story.about("Creators")
    creator: dict[str, Any] = {"creator_id": CREATOR, "cluster": BRAND}
    story.tell("Promotion paid by a creator", postings.platform_fee_charged, bears="creator",
               charge_id=1, fee="5.00", reason="Front page, one week", **creator)  # fmt: skip
    story.tell("Reserve held", postings.reserve_held,
               reserve_id=1, amount="10.00", **creator)  # fmt: skip
    story.tell("Reserve released", postings.reserve_released,
               reserve_id=1, amount="10.00", **creator)  # fmt: skip
    story.tell("Tip to the creator in debt", postings.tip_by_card, bears="creator",
               transaction_id=17, creator_id=PARTNER, gateway=CARD, amount="4.40",
               platform_fee="0.88", processing_fee="0.32", cluster=BRAND)  # fmt: skip
    story.tell("Debt recovered from later earnings", postings.debt_recovered, recovery_id=1,
               creator_id=PARTNER, owed="5.20", earned="3.20", cluster=BRAND)  # fmt: skip
    story.tell("Backup withholding of 24 %", postings.tax_withheld_from, bears="creator",
               withholding_id=1, place="US", amount="19.20", **creator)  # fmt: skip
    story.about("Payouts")
    out: dict[str, Any] = {"payout_id": 9, "amount": "30.00", "cluster": BRAND}
    story.tell("Payout reserved", postings.payout_reserved, creator_id=CREATOR, **out)
    story.tell("Payout settled, fee on the platform", postings.payout_settled, bears="platform",
               rail=RAIL, rail_fee="1.00", **out)  # fmt: skip
    story.tell("Payout returned, the rail keeps a fee", postings.payout_returned,
               bears="platform", creator_id=CREATOR, rail=RAIL, return_fee="2.00",
               **out)  # fmt: skip
    out = {"payout_id": 10, "amount": "30.00", "cluster": BRAND}
    story.tell("Payout reserved again", postings.payout_reserved, creator_id=CREATOR, **out)
    story.tell("Payout settled, fee on the creator", postings.payout_settled, bears="creator",
               rail=RAIL, rail_fee="1.00", creator_fee="1.50", **out)  # fmt: skip
    out = {"payout_id": 11, "amount": "5.00", "cluster": BRAND}
    story.tell("A small payout reserved", postings.payout_reserved, creator_id=CREATOR, **out)
    story.tell("Payout cancelled", postings.payout_released, creator_id=CREATOR, **out)


def _processors(story: _Story) -> None:
    story.about("Processors")
    story.tell("Settlement as expected, 10 % kept in reserve", postings.settlement_received,
               settlement_id=1, gateway=CARD, bank=BANK, gross="100.00", received="85.00",
               fees="5.00", fees_expected="5.00", reserve="10.00")  # fmt: skip
    story.tell("Settlement with higher fees and a gap", postings.settlement_received,
               bears="platform", settlement_id=2, gateway=CARD, bank=BANK, gross="50.00",
               received="46.50", fees="3.00", fees_expected="2.60")  # fmt: skip
    story.tell("Fees for declined cards", postings.processing_fee_charged, bears="platform",
               charge_id=1, fee="4.20", reason="42 declines in January",
               cluster=BRAND)  # fmt: skip
    story.tell("More kept in reserve", postings.processor_reserve_held,
               reserve_id=1, gateway=CARD, amount="20.00")  # fmt: skip
    story.tell("Reserve paid out", postings.processor_reserve_released,
               reserve_id=1, gateway=CARD, bank=BANK, amount="10.00")  # fmt: skip
    story.tell("Processor's invoice paid, less than expected", postings.processor_fees_paid,
               invoice_id=1, bank=BANK, amount="25.00", fees_expected="25.40")  # fmt: skip
    story.tell("The gap turns out to be a bank's fee", postings.difference_posted,
               bears="platform", exception_id=1, account=AccountRef("2900"),
               counter=AccountRef("5100"), difference=-usd("0.50"),
               effective_on=date(2026, 1, 31), actor_id=1)  # fmt: skip


def _closing(story: _Story) -> None:
    story.about("Taxes, losses and the year's end")
    story.tell("Sales tax paid", postings.sales_tax_paid,
               payment_id=1, place="US-CA", bank=BANK, amount="0.60")  # fmt: skip
    story.tell("Withheld tax paid", postings.withheld_tax_paid,
               payment_id=2, place="US", bank=BANK, amount="19.20")  # fmt: skip
    story.tell("Creator's debt written off", postings.written_off, bears="platform",
               write_off_id=1, account=postings.due_from_creator(PARTNER), amount="2.00",
               cluster=BRAND)  # fmt: skip
    story.tell("Currency exchanged with a gain", postings.exchange,
               exchange_id=1, sold=Money.of("100.00", "EUR"), sold_from=postings.cash(BANK),
               bought=usd("110.00"), bought_into=postings.cash(BANK), gain="2.00",
               effective_on=date(2026, 1, 31))  # fmt: skip
    story.tell("Manual adjustment, after four eyes", postings.manual_adjustment,
               proposal_id=1, actor_id=1, memo="Stamp duty, booked by hand",
               movements=[debit(postings.OTHER_EXPENSES, usd("12.00")),
                          credit(postings.cash(BANK), usd("12.00"))])  # fmt: skip
    story.tell("Year closed", postings.year_closed,
               year=2026, currency="USD", cluster=BRAND, effective_on=date(2026, 12, 31),
               results=[credit(postings.PLATFORM_REVENUE, usd("100.00")),
                        debit(postings.PROCESSING_COSTS, usd("60.00"))])  # fmt: skip


def _told() -> tuple[Example, ...]:
    story = _Story()
    for chapter in (_company, _sales, _refunds, _chargebacks, _creators, _processors, _closing):
        chapter(story)
    return tuple(story.examples)


STORY = _told()
