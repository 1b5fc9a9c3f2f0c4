"""What subscriptions tell higher apps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True)
class _About(Event):
    subscription_id: int
    cluster: str
    fan_id: int
    creator_id: int
    plan_id: int


@dataclass(frozen=True)
class SubscriptionBegan(_About):
    """A trial, a paid period, a gift or a free follow began."""

    name: ClassVar[str] = "subscriptions.began"
    state: str


@dataclass(frozen=True)
class SubscriptionChanged(_About):
    """Its plan, price, way of payment or intent changed; ``what`` is the line of its history."""

    name: ClassVar[str] = "subscriptions.changed"
    what: str
    state: str


@dataclass(frozen=True)
class SubscriptionPastDue(_About):
    """A charge failed; ``next_try_at`` is empty after the last."""

    name: ClassVar[str] = "subscriptions.past_due"
    tries: int
    next_try_at: str


@dataclass(frozen=True)
class SubscriptionEnded(_About):
    name: ClassVar[str] = "subscriptions.ended"
    reason: str
