"""What each subscription that is due is to pay now, and for which days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from apps.core.money import Money
from apps.finance.subscriptions.choices import EndReason, What
from apps.finance.subscriptions.models import Plan, Price, PriceChange, Promotion
from apps.finance.subscriptions.rules import pricing
from apps.finance.subscriptions.rules.cycle import Term, charged, next_term
from apps.finance.subscriptions.rules.periods import Anchor
from apps.finance.subscriptions.rules.pricing import Change, Cut, Holds
from apps.finance.subscriptions.services.claims import Due


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
    changes_price: bool


@dataclass(frozen=True, slots=True)
class Charge:
    """``refused`` is set where nothing may be charged and it ends instead."""

    due: Due
    term: Term
    amount: Money
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
        """Names this try of it."""
        return f"{self.subject}:try:{self.due.tries + 1}"

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
        prices = {due.next_price_id for due in dues} - {None}
        self.prices = Price.objects.in_bulk(prices) if prices else {}
        plans = {due.next_plan_id for due in dues} - {None}
        self.plans = Plan.objects.in_bulk(plans) if plans else {}


def charges_of(dues: Sequence[Due], *, now: datetime) -> list[Charge]:
    """Return what each is to pay, in their order; at most four queries, whatever their number."""
    offers = _Offers(dues)
    return [_charge(due, offers, now) for due in dues]


def _charge(due: Due, offers: _Offers, now: datetime) -> Charge:
    anchor = Anchor(due.anchored_at, due.anchored_number, due.months, due.zone)
    term = next_term(
        anchor=anchor,
        last_number=due.number,
        current_until=due.until,
        access_until=due.access_until,
        now=now,
    )
    full = Money(due.amount_minor, due.currency)
    if (
        due.promotion_id is None
        and due.next_price_id is None
        and due.change_id is None
        and term.number >= due.anchored_number
    ):
        return Charge(due, term, full, due.left, full, due.months, due.tier, due.plan)
    switch, refused = _switched(due, anchor, term, offers)
    if switch is not None:
        full, anchor = Money(switch.amount_minor, due.currency), switch.anchor
        if anchor.number == term.number:
            term = next_term(
                anchor=anchor,
                last_number=term.number - 1,
                current_until=term.begins,
                access_until=due.access_until,
                now=now,
            )
    cut, name = _cut(due, offers)
    left = pricing.left_after(due.left) if cut else due.left
    return Charge(
        due=due,
        term=term,
        amount=charged(full=full, anchor=anchor, term=term, cut=cut, left=due.left),
        left=left,
        following=pricing.amount_of_period(amount=full, cut=cut, left=left),
        months=switch.months if switch else due.months,
        tier=switch.tier if switch else due.tier,
        plan=switch.plan if switch else due.plan,
        promotion=name if due.left != 0 else "",
        switch=switch,
        refused=refused,
    )


def _switched(
    due: Due, anchor: Anchor, term: Term, offers: _Offers
) -> tuple[Switch | None, EndReason]:
    """The fan's own choice goes before a new price; who did not agree to that is not charged."""
    if due.next_price_id is not None:
        return _chosen(due, anchor, term, offers), EndReason.NONE
    change = offers.changes.get(due.change_id or 0)
    if change is not None and change.old_id != due.price_id:
        change = None  # told of it before the fan chose another plan
    holds = pricing.price_that_holds(
        None
        if change is None
        else Change(
            old_minor=due.amount_minor,
            new_minor=change.new.amount_minor,
            effective_at=change.effective_at,
            told_at=change.told_at,
            withdrawn_at=change.withdrawn_at,
            consent=due.consent,
        ),
        begins=term.begins,
    )
    if holds is Holds.NEITHER:
        return None, EndReason.NO_CONSENT
    if holds is Holds.OLD or change is None:
        return None, EndReason.NONE
    new = change.new
    return (
        Switch(What.PRICE_CHANGED, due.plan_id, due.plan, new.pk, due.tier, due.months,
               new.amount_minor, anchor, changes_price=True),
        EndReason.NONE,
    )  # fmt: skip


def _chosen(due: Due, anchor: Anchor, term: Term, offers: _Offers) -> Switch:
    price = offers.prices[due.next_price_id or 0]
    plan = offers.plans.get(due.next_plan_id or 0)
    if price.months != due.months:
        anchor = Anchor(term.begins, term.number, price.months, due.zone)
    tier = plan.tier if plan else due.tier
    return Switch(
        what=What.DOWNGRADED if tier < due.tier else What.SWITCHED,
        plan_id=plan.pk if plan else due.plan_id,
        plan=plan.name if plan else due.plan,
        price_id=price.pk,
        tier=tier,
        months=price.months,
        amount_minor=price.amount_minor,
        anchor=anchor,
        changes_price=False,
    )


def _cut(due: Due, offers: _Offers) -> tuple[Cut | None, str]:
    promotion = offers.promotions.get(due.promotion_id or 0)
    if promotion is None:
        return None, ""
    cut = Cut(
        promotion.discount,
        promotion.percent_bps,
        promotion.amount_minor,
        promotion.currency,
        promotion.periods,
    )
    return cut, promotion.name
