"""Where a new payment goes: its account and kind of checkout, given what risk says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.finance.payments import errors
from apps.finance.payments.choices import AttemptKind
from apps.finance.payments.models import MerchantAccount, PaymentMethod
from apps.finance.payments.selectors.abilities import can_challenge, can_take
from apps.finance.payments.selectors.methods import same_card_elsewhere
from apps.finance.payments.services.route import rank
from apps.finance.risk.choices import Outcome

if TYPE_CHECKING:
    from apps.clusters.models import Cluster
    from apps.finance.routing.rules import Facts


@dataclass(frozen=True, slots=True)
class PayBy:
    """How the payer wants to pay at a gateway; not part of what is paid."""

    kind: AttemptKind = AttemptKind.HOSTED
    #: The stored means to charge; with ``AttemptKind.STORED`` only.
    means: PaymentMethod | None = None
    #: The payer wants the means kept for later.
    keep: bool = False
    #: Where the payer is, as far as known (ISO 3166).
    country: str = ""
    ip: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Way:
    """``outcome`` is what is done: a challenge that nobody can put becomes a review."""

    account: MerchantAccount
    pay_by: PayBy
    outcome: Outcome


@joins_transaction
def find_way(
    *,
    subject: str,
    cluster: Cluster,
    facts: Facts,
    pay_by: PayBy,
    outcome: Outcome,
    now: datetime,
) -> Way | DomainError:
    """
    Return the way, or why there is none (see ``route.rank``), to be raised after the commit.

    A stored means goes to the best of the accounts that keep the same card. A challenge goes
    where the gateway can ask for 3-D Secure; else to a page that does; else it waits for a person.
    """
    cards = cards_of(pay_by.means)
    only = cards.keys() if pay_by.means else None
    ranked = rank(subject=subject, cluster=cluster, facts=facts, now=now, only=only)
    if ranked.refusal is not None:
        return ranked.refusal
    able = [account for account in ranked.accounts if can_take(account, pay_by.kind)]
    if not able:
        return errors.NoMerchantAccount()
    if outcome != Outcome.CHALLENGE:
        return _to(able[0], pay_by, cards, outcome)
    if (asking := _first(able, pay_by.kind)) is not None:
        return _to(asking, pay_by, cards, outcome)
    everywhere: Sequence[MerchantAccount] = ranked.accounts
    if only is not None:
        everywhere = rank(subject=subject, cluster=cluster, facts=facts, now=now).accounts
    if (asking := _first(everywhere, AttemptKind.HOSTED)) is not None:
        return Way(asking, replace(pay_by, kind=AttemptKind.HOSTED, means=None), outcome)
    return _to(able[0], pay_by, cards, Outcome.REVIEW)


def cards_of(means: PaymentMethod | None) -> dict[int, PaymentMethod]:
    """Return the same card by the accounts that keep it."""
    if means is None:
        return {}
    kept = {each.merchant_account_id: each for each in same_card_elsewhere(means)}
    return {**kept, means.merchant_account_id: means}


def _first(accounts: Sequence[MerchantAccount], kind: AttemptKind) -> MerchantAccount | None:
    return next(
        (one for one in accounts if can_take(one, kind) and can_challenge(one, kind)), None
    )


def _to(
    account: MerchantAccount, pay_by: PayBy, cards: dict[int, PaymentMethod], outcome: Outcome
) -> Way:
    return Way(account, replace(pay_by, means=cards.get(account.pk)), outcome)
