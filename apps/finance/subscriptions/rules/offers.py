"""What a plan, a price and a promotion may look like."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from apps.core.money import BPS_WHOLE, Money
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import Discount
from apps.finance.subscriptions.rules.pricing import NOTICE_MOST, rise_bps

NAME_MAX = 60
DESCRIPTION_MAX = 500
REASON_MAX = 200
BENEFITS_MAX = 12
BENEFIT_MAX = 80
TIER_MAX = 20
TRIAL_DAYS_MAX = 90
PLANS_MAX = 20
#: Lengths of a price in months; 0 is for life. The first three longer ones are bundles.
MONTHS = (1, 3, 6, 12, 24, 0)
CURRENCIES = frozenset({"USD", "EUR", "GBP", "CAD", "AUD", "JPY"})
PRICE = ("1.00", "5000.00")
PRICE_WHOLE_UNITS = ("100", "500000")  # currencies without decimals
CODE_MAX = 30
CODE_MIN = 3
PROMOTION_PERIODS_MAX = 24
PROMOTION_MOST = 1_000_000


def check_plan(
    *,
    name: str,
    description: str,
    tier: int,
    benefits: Sequence[str],
    is_free: bool,
    trial_days: int,
    trial: Money | None,
) -> None:
    """
    Answer only if a plan may be like this.

    :raises PlanInvalid: ``field`` and ``why`` of its facts say what is wrong
    """
    check_words(name=name, description=description, benefits=benefits)
    if not 1 <= tier <= TIER_MAX:
        raise errors.PlanInvalid(field="tier", why=f"1 to {TIER_MAX}")
    if not 0 <= trial_days <= TRIAL_DAYS_MAX:
        raise errors.PlanInvalid(field="trial_days", why=f"0 to {TRIAL_DAYS_MAX}")
    if is_free and trial_days:
        raise errors.PlanInvalid(field="trial_days", why="a free plan has no trial")
    if trial is not None and not trial_days:
        raise errors.PlanInvalid(field="trial", why="a trial that costs needs days")
    if trial is not None:
        check_amount(trial)


def check_words(*, name: str, description: str, benefits: Sequence[str]) -> None:
    """
    Answer only if a plan may read like this.

    :raises PlanInvalid: ``field`` and ``why`` of its facts say what is wrong
    """
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable() or name != name.strip():
        raise errors.PlanInvalid(field="name", why=f"1 to {NAME_MAX} characters")
    if len(description) > DESCRIPTION_MAX or "\x00" in description:
        raise errors.PlanInvalid(field="description", why=f"at most {DESCRIPTION_MAX} characters")
    if len(benefits) > BENEFITS_MAX:
        raise errors.PlanInvalid(field="benefits", why=f"at most {BENEFITS_MAX}")
    if any(not 1 <= len(each) <= BENEFIT_MAX or not each.isprintable() for each in benefits):
        raise errors.PlanInvalid(field="benefits", why=f"1 to {BENEFIT_MAX} characters each")


def check_price(*, months: int, amount: Money) -> None:
    """
    Answer only if a plan may cost this.

    :raises PriceInvalid: so many months are not offered, or the amount is out of range
    :raises CurrencyMismatch: nobody can be charged in this currency
    """
    if months not in MONTHS:
        raise errors.PriceInvalid(field="months", why="1, 3, 6, 12, 24, or 0 for life")
    check_amount(amount)


def check_amount(amount: Money) -> None:
    """
    :raises PriceInvalid: it is out of range
    :raises CurrencyMismatch: nobody can be charged in this currency
    """
    if amount.currency not in CURRENCIES:
        raise errors.CurrencyMismatch(currency=amount.currency)
    least, most = PRICE_WHOLE_UNITS if amount.currency == "JPY" else PRICE
    if not Money.of(least, amount.currency) <= amount <= Money.of(most, amount.currency):
        raise errors.PriceInvalid(
            field="amount", why=f"{least} to {most}", currency=amount.currency
        )


def check_promotion(
    *,
    name: str,
    code: str,
    discount: str,
    percent_bps: int,
    amount: Money | None,
    periods: int,
    starts_at: datetime,
    ends_at: datetime | None,
    most: int | None,
    now: datetime,
) -> None:
    """
    Answer only if a promotion may be like this.

    :raises PromotionInvalid: ``field`` and ``why`` of its facts say what is wrong
    """
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable():
        raise errors.PromotionInvalid(field="name", why=f"1 to {NAME_MAX} characters")
    if code and not _is_code(code):
        raise errors.PromotionInvalid(
            field="code", why=f"{CODE_MIN} to {CODE_MAX} letters A to Z, digits, - and _"
        )
    _check_discount(discount, percent_bps, amount)
    if not 0 <= periods <= PROMOTION_PERIODS_MAX:
        raise errors.PromotionInvalid(field="periods", why=f"0 to {PROMOTION_PERIODS_MAX}")
    if ends_at is not None and (ends_at <= starts_at or ends_at <= now):
        raise errors.PromotionInvalid(field="ends_at", why="after its start, and after now")
    if most is not None and not 1 <= most <= PROMOTION_MOST:
        raise errors.PromotionInvalid(field="most", why=f"1 to {PROMOTION_MOST}")


def _check_discount(discount: str, percent_bps: int, amount: Money | None) -> None:
    if discount == Discount.PERCENT:
        if not 1 <= percent_bps <= BPS_WHOLE or amount is not None:
            raise errors.PromotionInvalid(field="percent", why="above 0, at most 100")
    elif discount == Discount.AMOUNT:
        if amount is None or amount.minor <= 0 or percent_bps:
            raise errors.PromotionInvalid(field="amount", why="above 0")
        if amount.currency not in CURRENCIES:
            raise errors.CurrencyMismatch(currency=amount.currency)
    else:
        raise errors.PromotionInvalid(field="discount", why="PERCENT or AMOUNT")


def _is_code(code: str) -> bool:
    plain = code.replace("-", "").replace("_", "")
    return CODE_MIN <= len(code) <= CODE_MAX and code.isascii() and plain.isalnum()


def as_code(code: str) -> str:
    """Return a code as it is kept and compared: without blanks around it, in capitals."""
    return code.strip().upper()


def check_change(*, old: Money, new: Money, effective_at: datetime, now: datetime) -> None:
    """
    Answer only if subscribers can be told of a new price in time.

    :raises CurrencyMismatch: they are in two currencies
    :raises NothingToChange: they are the same
    :raises ChangeTooSoon: a higher one needs 30 days, a lower one must not lie in the past
    :raises PriceInvalid: it lies more than a year ahead
    """
    if new.currency != old.currency:
        raise errors.CurrencyMismatch(left=old.currency, right=new.currency)
    if new == old:
        raise errors.NothingToChange()
    earliest = now + NOTICE_MOST if old < new else now
    if effective_at < earliest:
        raise errors.ChangeTooSoon(earliest=earliest.isoformat())
    if effective_at > now + timedelta(days=366):
        raise errors.PriceInvalid(field="effective_at", why="at most a year ahead")


def needs_consent(*, old: Money, new: Money, above_bps: int) -> bool:
    """Say if every subscriber must agree: the price rises by more than this share of the old."""
    return rise_bps(old=old, new=new) > above_bps


def needs_consent_below(*, new_minor: int, above_bps: int) -> int:
    """Return the amount below which a rise to the new price is one that must be agreed to."""
    return -(-new_minor * BPS_WHOLE // (BPS_WHOLE + above_bps))
