"""Promise money: place a hold, then capture it by an entry, release it, or let it expire."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import OperationalError, connection, transaction
from django.db.models import F
from psycopg.errors import LockNotAvailable

from apps.core.money import MOST_MINOR, Money
from apps.finance.ledger import errors
from apps.finance.ledger.chart import LEAVES
from apps.finance.ledger.choices import HoldState
from apps.finance.ledger.models import Account, Entry, Hold
from apps.finance.ledger.postings import AccountRef, Draft
from apps.finance.ledger.services.post import Posted, post
from apps.finance.ledger.services.refusals import refusals_by_name

#: How long a capture that has locked balances waits for a source before it lets go of them and
#: tries again; the server calls it a deadlock after a second. At last as long as its caller says.
PATIENCE = ("300ms", "300ms", "300ms", None)


@transaction.atomic
def place_hold(
    *,
    account: AccountRef,
    amount: Money,
    source: str,
    now: datetime,
    expires_at: datetime | None = None,
    cluster: str = "",
    memo: str = "",
) -> Hold:
    """Keep ``amount`` of an account's balance for one purpose; nothing else can spend it.

    Idempotent by ``source``: the same hold asked for again is returned as it stands now.

    :raises CannotHold: nothing or less is asked for, the account may be overdrawn, or the hold
        would have expired already
    :raises InsufficientFunds: less is available: posted minus held
    :raises AccountClosed: the account is closed or frozen
    :raises UnknownAccount: the chart has no such code
    :raises SourceReused: the source placed another hold before
    """
    if not 0 < amount.minor <= MOST_MINOR or not source or (expires_at and expires_at <= now):
        raise errors.CannotHold(amount_minor=str(amount.minor), source=source)
    row = _account_of(account, amount.currency)
    with refusals_by_name():
        # Two that bring one source wait for each other at its unique index.
        [placed] = Hold.objects.bulk_create(
            [
                Hold(
                    account=row,
                    amount_minor=amount.minor,
                    source=source,
                    cluster=cluster,
                    memo=memo,
                    expires_at=expires_at,
                    placed_at=now,
                )
            ],
            ignore_conflicts=True,
        )
    hold = Hold.objects.get(source=source)
    if (hold.account_id, hold.amount_minor, hold.expires_at, hold.cluster, hold.memo) != (
        placed.account_id,
        amount.minor,
        expires_at,
        cluster,
        memo,
    ):
        raise errors.SourceReused(source=source)
    return hold


@transaction.atomic
def capture_hold(*, hold_id: int, draft: Draft, now: datetime, final: bool = True) -> Posted:
    """Post an entry that spends from a hold; ``final`` gives back what it does not take.

    The draft must take something from the hold's account, at most what is still held. Posting
    the same ``draft.source`` again returns the first entry and moves nothing. An expired hold
    that no tick has ended yet can still be captured: the promise is kept rather than broken.

    :raises HoldNotFound: there is no such hold
    :raises HoldEnded: it is captured, released or expired
    :raises HoldTooSmall: the draft takes nothing from the account, or more than is held
    Also raises what ``post`` raises; then the hold stays as it was.
    """
    hold = _locked(hold_id)
    for patience in PATIENCE:
        if Entry.objects.filter(source=draft.source).exists():
            break
        try:
            with transaction.atomic():
                posted = _captured(hold, draft, now=now, final=final, patience=patience)
                if not posted.replayed:
                    return posted
                # Somebody else posted it meanwhile: the hold is as if this had come later.
                transaction.set_rollback(True)
        except OperationalError as error:
            if patience is None or not isinstance(error.__cause__, LockNotAvailable):
                raise
        hold.refresh_from_db()
    return post(draft, now=now)


def _captured(
    hold: Hold, draft: Draft, *, now: datetime, final: bool, patience: str | None
) -> Posted:
    """Move the hold and post; wait no longer than ``patience`` for a rival with the same source.

    The rival waits for a balance which is locked here, and this for the rival's source: one of
    them has to give way, and only this one knows how.
    """
    hold_id = hold.pk
    if hold.state != HoldState.OPEN:
        raise errors.HoldEnded(hold_id=hold_id, state=hold.state)
    taken = _taken_from(hold.account, draft)
    if not 0 < taken <= hold.open_minor:
        raise errors.HoldTooSmall(
            hold_id=hold_id, taken_minor=str(taken), held_minor=hold.open_minor
        )
    _lock_accounts(draft, now)
    hold.captured_minor += taken
    if final:
        hold.released_minor += hold.open_minor
    _end_if_empty(hold, now)
    hold.save(update_fields=["captured_minor", "released_minor", "state", "ended_at"])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('lock_timeout'), set_config('lock_timeout',"
            " coalesce(%s, current_setting('lock_timeout')), true)",
            [patience],
        )
        (before, _) = cursor.fetchone()
        posted = post(draft, now=now)
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [before])
    return posted


@transaction.atomic
def release_hold(*, hold_id: int, amount: Money | None = None, now: datetime) -> Hold:
    """Give back ``amount`` of a hold, by default all that is still held.

    Releasing the whole of a hold that is already released returns it unchanged.

    :raises HoldNotFound: there is no such hold
    :raises HoldEnded: it is captured or expired, or a part of a released one is asked for
    :raises HoldTooSmall: less is held, or the amount is not above zero
    :raises WrongCurrency: the amount is not in the currency of the account
    """
    hold = _locked(hold_id)
    if amount is None and hold.state == HoldState.RELEASED:
        return hold
    if hold.state != HoldState.OPEN:
        raise errors.HoldEnded(hold_id=hold_id, state=hold.state)
    if amount is not None and amount.currency != hold.account.currency:
        raise errors.WrongCurrency(currency=amount.currency, account=hold.account.code)
    given = hold.open_minor if amount is None else amount.minor
    if not 0 < given <= hold.open_minor:
        raise errors.HoldTooSmall(
            hold_id=hold_id, asked_minor=str(given), held_minor=hold.open_minor
        )
    hold.released_minor += given
    _end_if_empty(hold, now)
    hold.save(update_fields=["released_minor", "state", "ended_at"])
    return hold


@transaction.atomic
def expire_holds(*, now: datetime, limit: int = 500) -> int:
    """Give back the holds whose time is over, oldest first; return how many.

    Leaves alone what is just being captured or released: the next run finds it.
    """
    due = list(
        Hold.objects.filter(state=HoldState.OPEN, expires_at__lte=now)
        .order_by("expires_at", "id")
        .select_for_update(skip_locked=True)
        .values_list("pk", flat=True)[:limit]
    )
    return Hold.objects.filter(pk__in=due).update(
        released_minor=F("amount_minor") - F("captured_minor"),
        state=HoldState.EXPIRED,
        ended_at=now,
    )


def _account_of(account: AccountRef, currency: str) -> Account:
    row = Account.objects.filter(code=account.code, owner=account.owner, currency=currency).first()
    if row is not None:
        return row
    if account.code not in LEAVES:
        raise errors.UnknownAccount(account=account.code, owner=account.owner)
    raise errors.InsufficientFunds(
        account=account.code, owner=account.owner, currency=currency, available_minor=0
    )


def _locked(hold_id: int) -> Hold:
    hold = (
        Hold.objects.select_for_update(of=("self",), no_key=True)
        .select_related("account")
        .filter(pk=hold_id)
        .first()
    )
    if hold is None:
        raise errors.HoldNotFound(hold_id=hold_id)
    return hold


def _taken_from(account: Account, draft: Draft) -> int:
    """Return how far a draft lowers an account, in its smallest unit."""
    ref = AccountRef(account.code, account.owner)
    moved = sum(
        money.minor
        for movement, money in draft.movements
        if movement == ref and money.currency == account.currency
    )
    return moved if account.normal_side == "CREDIT" else -moved


def _lock_accounts(draft: Draft, now: datetime) -> None:
    """Lock the balances a draft moves in the order of a posting, before the hold moves one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_lock_accounts(%s::date, %s::text[], %s::text[], %s::text[])",
            (
                draft.effective_on or now.astimezone(UTC).date(),
                [ref.code for ref, _ in draft.movements],
                [ref.owner for ref, _ in draft.movements],
                [money.currency for _, money in draft.movements],
            ),
        )


def _end_if_empty(hold: Hold, now: datetime) -> None:
    if not hold.open_minor:
        hold.state = HoldState.CAPTURED if hold.captured_minor else HoldState.RELEASED
        hold.ended_at = now
