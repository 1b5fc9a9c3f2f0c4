"""What goes wrong in the demo: money given back, disputes, a review, an unknown outcome.

Each queue of staff has something to show, and each of its ways out was taken once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from apps.accounts.models import User
from apps.core.money import Money
from apps.finance.payments.rules.refunds import RefundReason
from apps.finance.payments.selectors.references import newest_sale
from apps.finance.payments.services.refund_send import send_refunds
from apps.finance.payments.services.refunds import approve_refund, request_refund
from apps.finance.risk import services as risk
from apps.ops.rules import Card
from apps.ops.services.play import CURRENCY, Deed, Play, deliver, run_clockwork, tip_by_card

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

DAY, HALF_HOUR = timedelta(days=1), timedelta(minutes=30)


class Back(NamedTuple):
    """Money asked back: days ago, of which sale, how much of a hundred; the second says yes."""

    days: float
    brand: str
    gateway: str
    percent: int
    is_agreed: bool


#: Days ago, brand, gateway, what the bank does.
DISPUTES = (
    (12.3, "fanzlab", "adyen", ("chargeback", "dispute_won")),
    (9.7, "daddyfanz", "verotel", ("chargeback",)),
    (6.6, "fanzlab", "adyen", ("chargeback",)),
    (5.1, "boyfanz", "ccbill", ("chargeback",)),
    (2.4, "transfanz", "segpay", ("chargeback",)),
)
REFUNDS = (
    Back(11.2, "fanzlab", "adyen", 100, is_agreed=True),
    Back(8.2, "fanzlab", "adyen", 40, is_agreed=True),
    Back(4.4, "boyfanz", "ccbill", 100, is_agreed=True),
    Back(0.4, "boyfanz", "ccbill", 50, is_agreed=False),
    Back(0.2, "fanzlab", "adyen", 100, is_agreed=False),
)
#: A tip of this size waits for a person; limits of risk as they are delivered.
LARGE, LARGE_SCORE = Money.of("500.00", CURRENCY), 65
#: The gateway's silence lasts until nobody asks any more.
SILENT_SINCE, ASKED_TIMES = timedelta(hours=6), 11


@dataclass(frozen=True, slots=True)
class Pair:
    """Who decides: the second person about what the first one asked."""

    first: User
    second: User


def trouble(play: Play, staff: Pair, *, now: datetime) -> Iterator[Deed]:
    """Return the deeds, each with its time.

    Taken up again by a new sandbox, what the old one sold is known to nobody: nothing happens.
    """
    yield play.start + DAY, partial(_watch_large_tips, staff)
    for days, brand, gateway, acts in DISPUTES:
        for number, act in enumerate(acts):
            at = now - days * DAY + number * DAY
            yield at, partial(_at_bank, play, brand, gateway, act)
    for number, back in enumerate(REFUNDS):
        key = f"demo-refund-{number}"
        yield now - back.days * DAY, partial(_give_back, play, staff, back, key)
    yield now - 0.35 * DAY, partial(_tip, play, "boyfanz", LARGE, "demo-review", Card.ABANDON)
    silent = now - SILENT_SINCE
    yield (
        silent,
        partial(
            _tip, play, "fanzcock", Money.of("42.00", CURRENCY), "demo-unknown", Card.WEBHOOK_NEVER
        ),
    )
    for number in range(1, ASKED_TIMES + 1):
        yield silent + number * HALF_HOUR, partial(run_clockwork, play)


def _watch_large_tips(staff: Pair, *, now: datetime) -> None:
    rule = risk.write_rule(
        code="large_tip",
        kind="LARGE_AMOUNT",
        score=LARGE_SCORE,
        params={"more_than": LARGE.minor - 1, "currency": CURRENCY},
        by=staff.first,
        reason="Large tips are looked at by a person",
        now=now,
    )
    risk.make_rule_live(rule_id=rule.pk, by=staff.second, reason="Agreed", now=now)


def _at_bank(play: Play, brand: str, gateway: str, act: str, *, now: datetime) -> None:
    """Let the payer's bank act on the brand's newest sale of two days ago or before."""
    sale = _sale(brand, gateway, "CAPTURED" if act == "chargeback" else "DISPUTED", now)
    if sale is None:
        return
    play.sandbox.set_clock(now)
    if gateway == "ccbill":
        play.sandbox.control("chargeback", subscription_id=sale.gateway_reference, reason="Fraud")
    else:
        play.sandbox.control(f"peers/{gateway}/{act}", order=str(sale.public_id), reason="Fraud")
    deliver(play, now)


def _give_back(play: Play, staff: Pair, back: Back, key: str, *, now: datetime) -> None:
    sale = _sale(back.brand, back.gateway, "CAPTURED", now)
    if sale is None:
        return
    play.sandbox.set_clock(now)
    refund = request_refund(
        transaction_id=sale.pk,
        amount=Money(sale.amount_minor * back.percent // 100, sale.currency),
        reason_code=RefundReason.ASKED,
        reason="The fan asked for it",
        key=key,
        by=staff.first,
        now=now,
    )
    if back.is_agreed:
        approve_refund(refund_id=refund.pk, by=staff.second, reason="Fair", now=now)
        send_refunds(now=now)
        deliver(play, now)


def _sale(brand: str, gateway: str, state: str, now: datetime) -> Transaction | None:
    """Return the brand's newest tip there from before yesterday."""
    return newest_sale(cluster=brand, gateway=gateway, status=state, kind="TIP", before=now - DAY)


def _tip(play: Play, brand: str, amount: Money, key: str, card: Card, *, now: datetime) -> None:
    fan = next(fan for fan in play.cast.fans if fan.cluster.slug == brand)
    creator = next(c.profile for c in play.cast.creators if c.profile.cluster.slug == brand)
    tip_by_card(play, fan=fan, creator=creator, amount=amount, key=key, card=card, now=now)
