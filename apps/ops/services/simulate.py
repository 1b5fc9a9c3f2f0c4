"""Business played through the same services as in life, in simulated time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from apps.core import http
from apps.core.money import Money
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.payments import errors as payment_errors
from apps.finance.payments import selectors as payment_selectors
from apps.finance.payments import services as payments
from apps.ops import rules
from apps.ops.adapters.sandbox import Sandbox, own_sandbox
from apps.ops.services.cast import Cast, gather
from apps.payouts import selectors as payout_selectors
from apps.payouts import services as payouts

CURRENCY = "USD"
TICK = timedelta(hours=24 // rules.TICKS_A_DAY)
#: Ticks without business at the end, so that what waits comes to its end: two days.
LAST_TICKS = 8

#: What Paxum does for each fate that depends on it.
AT_PAXUM = {
    rules.Fate.REFUSED: {"fail": "code_before", "code": "IP"},
    rules.Fate.UNKNOWN_UNPAID: {"fail": "code_before", "code": "13"},
    rules.Fate.UNKNOWN_PAID: {"fail": "reset_after"},
}


@dataclass(slots=True)
class _Play:
    size: rules.Size
    start: datetime
    cast: Cast
    sandbox: Sandbox


def simulate(
    *, size: rules.Size, now: datetime, on_day: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """Play ``size.days`` days that end at ``now``; return the summary.

    Equal sizes give equal summaries on an empty database: it holds no ids and no times.
    ``on_day`` is called after each day.

    :raises AlreadySimulated: this seed was played on this database before
    :raises SandboxDown: the sandbox does not start
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight - timedelta(days=size.days) - LAST_TICKS * TICK
    with own_sandbox() as sandbox:
        play = _Play(size, start, gather(size, now=start), sandbox)
        for day in range(size.days):
            _play_day(play, day)
            on_day()
        for tick in range(LAST_TICKS):
            _run_clockwork(play, start + timedelta(days=size.days) + (tick + 1) * TICK)
    return _summary(play, now)


def _play_day(play: _Play, day: int) -> None:
    for tick, acts in enumerate(rules.acts_of_day(play.size, day)):
        for act in acts:
            _do(play, act)
        _run_clockwork(play, play.start + timedelta(days=day) + (tick + 1) * TICK)
    evening = play.start + timedelta(days=day + 1)
    for payday in rules.paydays_of_day(play.size, day):
        _request_payout(play, payday, evening)


def _do(play: _Play, act: rules.Act) -> None:
    now, fan = play.start + act.at, play.cast.fans[act.fan]
    amount = Money(act.amount_minor, CURRENCY)
    key = f"sim-{play.size.seed}-{act.number}"
    creator = play.cast.creators[act.creator].profile
    if act.deed is rules.Deed.WALLET_TIP:
        try:
            payments.tip_from_wallet(
                fan=fan, creator=creator, amount=amount, message="", idempotency_key=key, now=now
            )
        except payment_errors.InsufficientWallet:
            return
        return
    if act.deed is rules.Deed.DEPOSIT:
        transaction = payments.start_deposit(fan=fan, amount=amount, idempotency_key=key, now=now)
    else:
        transaction = payments.start_card_tip(
            fan=fan, creator=creator, amount=amount, message="", idempotency_key=key, now=now
        )
    if act.card is not rules.Card.ABANDON:
        token, url = str(transaction.public_id), payments.checkout_url(transaction=transaction)
        _pay(play, act, token=token, url=url, now=now + timedelta(seconds=30))


def _pay(play: _Play, act: rules.Act, *, token: str, url: str, now: datetime) -> None:
    play.sandbox.set_clock(now)
    if act.card is rules.Card.WEBHOOK_NEVER:
        play.sandbox.plan("ccbill", token, webhook="never")
    first = act.card.value if act.card.value in {"decline", "soft_decline", "timeout"} else ""
    try:
        sent_to = play.sandbox.pay(url, first or "approve")
        if act.card is rules.Card.SOFT_DECLINE:
            sent_to = play.sandbox.pay(url, "approve")
    except http.OutcomeUnknown:
        sent_to = ""
    if sent_to:
        payments.record_return(
            cluster=play.cast.fans[act.fan].cluster,
            params=dict(parse_qsl(urlsplit(sent_to).query)),
            now=now,
        )
    _deliver(play, now, copies=2 if act.card is rules.Card.WEBHOOK_TWICE else 1)


def _deliver(play: _Play, now: datetime, *, copies: int = 1) -> None:
    """Fetch the webhooks held at the sandbox and hand them in: no web server may run."""
    for held in play.sandbox.control("deliveries/take"):
        for _ in range(copies):
            payments.receive_webhook(
                gateway=held["processor"],
                query=held["query"],
                headers={"content-type": held["content_type"]},
                body=held["body"].encode(),
                remote_ip="127.0.0.1",
                now=now,
            )
    payments.process_webhooks(now=now)


def _run_clockwork(play: _Play, now: datetime) -> None:
    """Do what the platform's clock does: each of its ticks once."""
    play.sandbox.set_clock(now)
    _deliver(play, now)
    payments.resolve_stale(now=now)
    payouts.send_approved(now=now)
    payouts.resolve_unknown(now=now)


def _request_payout(play: _Play, payday: rules.Payday, now: datetime) -> None:
    creator = play.cast.creators[payday.creator]
    earned = payout_selectors.available_of(creator.profile, CURRENCY)
    amount = Money(earned.minor * payday.share_percent // 100, CURRENCY)
    if amount < payout_selectors.minimum_of("PAXUM", CURRENCY):
        return
    payout = payouts.request_payout(
        creator=creator.profile,
        method_id=creator.method_id,
        amount=amount,
        idempotency_key=f"sim-{play.size.seed}-{payday.number}",
        now=now,
    )
    first, second = play.cast.staff
    if payday.fate is rules.Fate.REJECTED:
        payouts.reject_payout(payout_id=payout.pk, by=first, reason="Looks odd", now=now)
        return
    for person in (first, second):
        payouts.approve_payout(payout_id=payout.pk, by=person, reason="", now=now)
    if payday.fate in AT_PAXUM:
        play.sandbox.plan("paxum", creator.email, **AT_PAXUM[payday.fate])


def _summary(play: _Play, now: datetime) -> dict[str, Any]:
    check = ledger.check_books(now=now)
    paid: Counter[str] = Counter()
    for fan in play.cast.fans:
        for item in payment_selectors.transactions_of(fan):
            paid[f"{item.kind} {item.method} {item.status}"] += 1
    sent: Counter[str] = Counter(
        payout.status
        for creator in play.cast.creators
        for payout in payout_selectors.payouts_of(creator.profile)
    )
    size = play.size
    return {
        "days": size.days,
        "creators": size.creators,
        "fans": size.fans,
        "seed": size.seed,
        "transactions": dict(sorted(paid.items())),
        "payouts": dict(sorted(sent.items())),
        "trial_balance": [row._asdict() for row in ledger_selectors.trial_balance()],
        "books_balance": check.ok,
    }
