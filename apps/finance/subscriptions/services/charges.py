"""What each subscription that is due is to pay now, and for which days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from apps.core.money import Money
from apps.finance.subscriptions.choices import EndReason, What
from apps.finance.subscriptions.models import Price, PriceChange, Promotion
from apps.finance.subscriptions.rules.coming import Coming, Standing, coming
from apps.finance.subscriptions.rules.cycle import Term
from apps.finance.subscriptions.rules.notice import KIND, is_of
from apps.finance.subscriptions.rules.periods import Anchor
from apps.finance.subscriptions.rules.pricing import Holds
from apps.finance.subscriptions.selectors.live import planned, told_change
from apps.finance.subscriptions.selectors.promotions import cut_of
from apps.finance.subscriptions.services.claims import Due
from apps.notifications import selectors as mails


@dataclass(frozen=True, slots=True)
class Switch:
    """Plan, price or anchor that hold from the new period on."""

    what: What
    plan_id: int
    plan: str
    price_id: int | None
    tier: int
    months: int
    amount_minor: int
    anchor: Anchor
    #: The promotion is one for the price too; else it is over.
    keeps_promotion: bool


@dataclass(frozen=True, slots=True)
class Charge:
    """``refused`` is set where nothing may be charged and it ends instead."""

    due: Due
    term: Term
    amount: Money
    coming: Coming
    left: int | None
    following: Money
    months: int
    tier: int
    plan: str
    promotion: str = ""
    switch: Switch | None = None
    refused: EndReason = EndReason.NONE

    @property
    def subject(self) -> str:
        """Names the period in payments, for ever."""
        return f"subscription:{self.due.pk}:period:{self.term.number}"

    @property
    def key(self) -> str:
        """Names this try of it from the wallet; a stored means' tries have names of their own."""
        return f"{self.subject}:wallet:{self.due.tries + 1}"

    def with_due(self, due: Due) -> Charge:
        """Return it for the subscription as it is now."""
        return replace(self, due=due)


class _Offers:
    """Promotions, prices and changes that some of them name; read once, and only if named."""

    def __init__(self, dues: Sequence[Due]) -> None:
        named = {due.promotion_id for due in dues} - {None}
        self.promotions = Promotion.objects.in_bulk(named) if named else {}
        changes = {due.change_id for due in dues} - {None}
        self.changes = (
            PriceChange.objects.select_related("old", "new").in_bulk(changes) if changes else {}
        )
        self.told_at = _told_at([due for due in dues if due.change_id]) if changes else {}
        prices = {due.next_price_id for due in dues} - {None}
        self.prices = Price.objects.select_related("plan").in_bulk(prices) if prices else {}


def _told_at(dues: Sequence[Due]) -> dict[int, datetime]:
    """Return when the mail about the change of its price left to each: a notice that bounced, or
    waits, is none."""
    left = mails.left_about([f"subscription:{due.pk}" for due in dues], KIND)
    told = {}
    for due in dues:
        key, at = left.get(f"subscription:{due.pk}", ("", None))
        if at and is_of(key, subscription_id=due.pk, change_id=due.change_id or 0):
            told[due.pk] = at
    return told


def charges_of(dues: Sequence[Due], *, now: datetime) -> list[Charge]:
    """Return what each is to pay, in their order; at most four queries, whatever their number."""
    offers = _Offers(dues)
    return [_charge(due, offers, now) for due in dues]


def _charge(due: Due, offers: _Offers, now: datetime) -> Charge:
    anchor = Anchor(due.anchored_at, due.anchored_number, due.months, due.zone)
    full = Money(due.amount_minor, due.currency)
    promotion = offers.promotions.get(due.promotion_id or 0)
    chosen = offers.prices.get(due.next_price_id or 0)
    change = offers.changes.get(due.change_id or 0)
    next_up = coming(
        Standing(
            anchor=anchor,
            number=due.number,
            until=due.until,
            access_until=due.access_until,
            full=full,
            cut=cut_of(promotion),
            left=due.left,
            planned=planned(chosen, promotion),
            change=told_change(change, told_at=offers.told_at.get(due.pk), price_id=due.price_id,
                               amount_minor=due.amount_minor, consent=due.consent),
        ),
        now=now,
    )  # fmt: skip
    switch = _switch(due, next_up, chosen, change)
    return Charge(
        due=due,
        term=next_up.term,
        amount=next_up.amount,
        coming=next_up,
        left=next_up.left,
        following=next_up.following,
        months=switch.months if switch else due.months,
        tier=switch.tier if switch else due.tier,
        plan=switch.plan if switch else due.plan,
        promotion=promotion.name if promotion and next_up.cut and due.left != 0 else "",
        switch=switch,
        refused=EndReason.NO_CONSENT if next_up.holds is Holds.NEITHER else EndReason.NONE,
    )


def _switch(
    due: Due, next_up: Coming, chosen: Price | None, change: PriceChange | None
) -> Switch | None:
    """Return what else holds from that period on, if anything does."""
    if chosen is not None:
        plan = chosen.plan
        return Switch(
            what=What.DOWNGRADED if plan.tier < due.tier else What.SWITCHED,
            plan_id=plan.pk,
            plan=plan.name,
            price_id=chosen.pk,
            tier=plan.tier,
            months=chosen.months,
            amount_minor=chosen.amount_minor,
            anchor=next_up.anchor,
            keeps_promotion=next_up.cut is not None,
        )
    if change is None or next_up.holds is not Holds.NEW:
        return None
    return Switch(
        what=What.PRICE_CHANGED,
        plan_id=due.plan_id,
        plan=due.plan,
        price_id=change.new_id,
        tier=due.tier,
        months=due.months,
        amount_minor=change.new.amount_minor,
        anchor=next_up.anchor,
        keeps_promotion=True,
    )
