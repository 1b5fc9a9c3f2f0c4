"""Business played through the same services as in life, one deed after the other in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings

from apps.accounts.models import Profile, User
from apps.core import http
from apps.core.money import Money
from apps.finance.payments import errors as payment_errors
from apps.finance.payments import selectors as payment_selectors
from apps.finance.payments import services as payments
from apps.finance.subscriptions.services.reminders import remind_due
from apps.finance.subscriptions.services.tick import bill_due
from apps.ops import rules
from apps.ops.adapters.sandbox import Sandbox, own_sandbox
from apps.ops.adapters.workers import tasks_in_process
from apps.ops.services.cast import Cast
from apps.ops.services.play_subscriptions import leave, subscribe_from_wallet
from apps.payouts import errors as payout_errors
from apps.payouts import selectors as payout_selectors
from apps.payouts import services as payouts

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

CURRENCY = "USD"
TICK = timedelta(hours=24 // rules.TICKS_A_DAY)
#: Fewer calls to a processor at a stretch than failures open its circuit breaker: that one
#: counts real seconds, of which a simulated month has few.
CALLS_AT_A_STRETCH = 4

#: What Paxum does for each fate that depends on it.
AT_PAXUM = {
    rules.Fate.REFUSED: {"fail": "code_before", "code": "IP"},
    rules.Fate.UNKNOWN_UNPAID: {"fail": "code_before", "code": "13"},
    rules.Fate.UNKNOWN_PAID: {"fail": "reset_after"},
}


class Doing(Protocol):
    """Something that somebody does at its moment."""

    def __call__(self, *, now: datetime) -> None: ...


Deed = tuple[datetime, Doing]


NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Play:
    """Who plays, from when on, and the sandbox they pay at."""

    size: rules.Size
    start: datetime
    cast: Cast
    sandbox: Sandbox
    #: From here on every webhook comes.
    all_well_from: datetime = NEVER


@contextmanager
def stage() -> Iterator[Sandbox]:
    """Offer a sandbox of one's own, with events handled as they happen.

    :raises SandboxDown: the sandbox does not start
    """
    with own_sandbox() as sandbox, tasks_in_process():
        yield sandbox


def deeds_of_day(play: Play, day: int) -> Iterator[Deed]:
    """Return everything of a day, to be done in the order of time: finance and paydays at its end.

    Doing a deed again takes up what is unfinished of it and repeats nothing.
    """
    for tick, acts in enumerate(rules.acts_of_day(play.size, day)):
        for act in acts:
            at = play.start + act.at
            yield at, partial(_act, play, rules.eased(act) if at >= play.all_well_from else act)
        yield play.start + timedelta(days=day) + (tick + 1) * TICK, partial(run_clockwork, play)
    for wish in rules.subscribings_of_day(play.size, day):
        yield play.start + wish.at, partial(_subscribe, play, wish)
    for wish in rules.leavings_of_day(play.size, day):
        at = play.start + timedelta(days=wish.leaves_after) + wish.at
        yield at, partial(_leave, play, wish)
    evening = play.start + timedelta(days=day + 1)
    yield evening, partial(_settle_payments, play)
    for payday in rules.paydays_of_day(play.size, day):
        yield evening, partial(_payday, play, payday)


def _act(play: Play, act: rules.Act, *, now: datetime) -> None:
    fan, creator = play.cast.fans[act.fan], play.cast.creators[act.creator].profile
    amount, key = Money(act.amount_minor, CURRENCY), f"sim-{play.size.seed}-{act.number}"
    if act.deed is rules.Deed.WALLET_TIP:
        tip_from_wallet(fan=fan, creator=creator, amount=amount, key=key, now=now)
    elif act.deed is rules.Deed.DEPOSIT:
        deposit(play, fan=fan, amount=amount, key=key, card=act.card, now=now)
    else:
        tip_by_card(play, fan=fan, creator=creator, amount=amount, key=key, card=act.card, now=now)


def _subscribe(play: Play, wish: rules.Subscribing, *, now: datetime) -> None:
    subscribe_from_wallet(
        fan=play.cast.fans[wish.fan],
        creator=play.cast.creators[wish.creator].profile,
        plan=wish.plan,
        key=f"sim-{play.size.seed}-sub-{wish.number}",
        now=now,
    )


def _leave(play: Play, wish: rules.Subscribing, *, now: datetime) -> None:
    key = f"sim-{play.size.seed}-sub-{wish.number}"
    leave(fan=play.cast.fans[wish.fan], key=key, reason="Seen it all", now=now)


def deposit(
    play: Play, *, fan: Profile, amount: Money, key: str, card: rules.Card, now: datetime
) -> None:
    """Put money into the fan's wallet by card, as far as ``card`` goes."""
    begun = payments.start_deposit(fan=fan, amount=amount, idempotency_key=key, now=now)
    _check_out(play, fan, begun, card=card, now=now)


def tip_by_card(
    play: Play,
    *,
    fan: Profile,
    creator: Profile,
    amount: Money,
    key: str,
    card: rules.Card,
    now: datetime,
    message: str = "",
) -> None:
    """Tip by card, as far as ``card`` goes."""
    begun = payments.start_card_tip(
        fan=fan, creator=creator, amount=amount, message=message, idempotency_key=key, now=now
    )
    _check_out(play, fan, begun, card=card, now=now)


def tip_from_wallet(
    *, fan: Profile, creator: Profile, amount: Money, key: str, now: datetime, message: str = ""
) -> None:
    """Tip from the wallet, or think better of it when it holds too little."""
    try:
        payments.tip_from_wallet(
            fan=fan, creator=creator, amount=amount, message=message, idempotency_key=key, now=now
        )
    except payment_errors.InsufficientWallet:
        return


def _check_out(
    play: Play, fan: Profile, begun: Transaction, *, card: rules.Card, now: datetime
) -> None:
    """Go to the payment page and pay there, unless this payment has gone its way before."""
    if card is rules.Card.ABANDON:
        return
    play.sandbox.set_clock(now)
    try:
        page = payments.checkout_url(transaction=begun, now=now)
    except payment_errors.WrongState:
        return
    begun.refresh_from_db(fields=["gateway"])  # a silent gateway is passed over
    _pay(play, fan, begun, page=page, card=card, now=now + timedelta(seconds=30))


def _pay(
    play: Play,
    fan: Profile,
    begun: Transaction,
    *,
    page: str,
    card: rules.Card,
    now: datetime,
) -> None:
    http.reset_breakers()
    play.sandbox.set_clock(now)
    if card is rules.Card.WEBHOOK_NEVER:
        play.sandbox.plan(begun.gateway, str(begun.public_id), webhook="never")
    first = card.value if card.value in {"decline", "soft_decline", "timeout"} else ""
    try:
        sent_to = play.sandbox.pay(page, first or "approve")
        if card is rules.Card.SOFT_DECLINE and not sent_to:
            sent_to = play.sandbox.pay(page, "approve")
    except http.OutcomeUnknown:
        sent_to = ""
    if sent_to:
        _come_back(fan, begun, sent_to, now)
    deliver(play, now, copies=2 if card is rules.Card.WEBHOOK_TWICE else 1)


def _come_back(fan: Profile, begun: Transaction, sent_to: str, now: datetime) -> None:
    """A browser's word is a hint only: where it cannot be proved the webhook decides."""
    with suppress(payment_errors.ReturnRefused):
        payments.record_return(
            cluster=fan.cluster,
            params=dict(parse_qsl(urlsplit(sent_to).query, keep_blank_values=True)),
            now=now,
            public_id=None if begun.gateway == "ccbill" else begun.public_id,
        )


def deliver(play: Play, now: datetime, *, copies: int = 1) -> None:
    """Fetch the webhooks held at the sandbox and hand them in: no web server may run."""
    for held in play.sandbox.control("deliveries/take"):
        for _ in range(copies):
            payments.receive_webhook(
                gateway=held["processor"],
                query=held["query"],
                headers={**held["headers"], "content-type": held["content_type"]},
                body=held["body"].encode(),
                remote_ip="127.0.0.1",
                now=now,
                credentials=set_of(held["url"]),
                method=held["method"],
                raw_query=urlencode(held["query"]),
            )
    payments.process_webhooks(now=now)


def set_of(url: str) -> str:
    """Return the name of the set of secrets whose token ends the address; "" for the first."""
    gateway, token = urlsplit(url).path.strip("/").split("/")[-2:]
    return next(
        (
            name
            for name, given in settings.GATEWAY_CREDENTIALS.items()
            if name.startswith(f"{gateway}-") and given.get("webhook_token") == token
        ),
        "",
    )


def run_clockwork(play: Play, *, now: datetime) -> None:
    """Do what the platform's clock does: each of its ticks once."""
    http.reset_breakers()
    play.sandbox.set_clock(now)
    deliver(play, now)
    payments.resolve_stale(now=now)
    remind_due(now=now)
    bill_due(now=now)
    _at_a_stretch(payouts.send_approved, now)
    _at_a_stretch(payouts.resolve_unknown, now)


def _settle_payments(play: Play, *, now: datetime) -> None:
    """Let finance compare at the gateway what no webhook came for."""
    for payment in payment_selectors.unknown_outcomes():
        sale = play.sandbox.sale_of(payment.gateway, str(payment.public_id))
        payments.settle_unknown(
            transaction_id=payment.pk,
            outcome="CAPTURED" if sale else "FAILED",
            gateway_reference=sale,
            by=play.cast.finance,
            reason="Compared with the gateway's list of sales",
            now=now,
        )


def _at_a_stretch(tick: Callable[..., int], now: datetime) -> None:
    """Let ``tick`` see every open payout, a few at a time."""
    waiting = sum(count for count, _ in payout_selectors.open_summary())
    for _ in range(waiting // CALLS_AT_A_STRETCH + 1):
        http.reset_breakers()
        tick(now=now, limit=CALLS_AT_A_STRETCH)


def _payday(play: Play, payday: rules.Payday, *, now: datetime) -> None:
    creator, key = play.cast.creators[payday.creator], f"sim-{play.size.seed}-{payday.number}"
    payout = payout_selectors.payouts_of(creator.profile).filter(idempotency_key=key).first()
    if payout is None:
        earned = payout_selectors.available_of(creator.profile, CURRENCY)
        amount = Money(earned.minor * payday.share_percent // 100, CURRENCY)
        if amount < payout_selectors.minimum_of("PAXUM", CURRENCY):
            return
        payout = payouts.request_payout(
            creator=creator.profile,
            method_id=creator.method_id,
            amount=amount,
            idempotency_key=key,
            now=now,
        )
    first, second = play.cast.staff
    if payout.status not in AWAITS_STAFF:
        return
    if payday.fate is rules.Fate.REJECTED:
        payouts.reject_payout(payout_id=payout.pk, by=first, reason="Looks odd", now=now)
        return
    if payday.fate in AT_PAXUM:
        play.sandbox.plan("paxum", creator.email, **AT_PAXUM[payday.fate])
    approve(payout_id=payout.pk, by=(first, second), now=now)


#: States of a payout in which staff decide.
AWAITS_STAFF = frozenset({"REQUESTED", "IN_REVIEW"})


def approve(*, payout_id: int, by: tuple[User, ...], now: datetime) -> None:
    """Let each of ``by`` approve who has not yet."""
    for person in by:
        try:
            payouts.approve_payout(payout_id=payout_id, by=person, reason="", now=now)
        except payout_errors.AlreadyApproved:
            continue
