"""Subscribers by the thousand, made by the table: for what must be seen in bulk.

One alone is made through services (tests/given_subscriptions.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.subscriptions.models import Price, Subscription
from apps.finance.subscriptions.rules.calendar import add_months
from tests.factories.accounts import CreatorFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory

#: Numbers of payments that no test makes.
_FIRST_DEPOSIT = 3_000_000_000
_FANS = """
WITH u AS (
    INSERT INTO accounts_user (password, is_superuser, email, is_active, is_staff, date_joined,
                               age_state, age_checked_at)
    SELECT '!', false, %(name)s || n || '@mail.example', true, false, %(at)s, 'ADULT',
           %(at)s
      FROM generate_series(1, %(count)s) n
    RETURNING id
)
INSERT INTO accounts_profile (created_at, updated_at, handle, display_name, bio, is_creator,
                              cluster_id, user_id)
SELECT %(at)s, %(at)s, %(name)s || id, 'Fan ' || id, '', false, %(cluster)s, id FROM u
RETURNING id
"""
# Dated so that the period before the due day lasts from one anchored day to the next.
_SUBSCRIPTIONS = """
WITH s AS (
    INSERT INTO subscriptions_subscription
        (public_id, fan_id, creator_id, cluster_id, plan_id, price_id, tier, months, amount_minor,
         currency, state, renews_by, timezone, anchored_at, anchored_number, period_number,
         current_from, current_until, due_at, access_until, cancel_at_end, cancel_reason, tries,
         consent, buyer_country, terms, terms_hash, idempotency_key, created_at, started_at,
         end_reason)
    SELECT gen_random_uuid(), f.fan, p.creator, %(cluster)s, p.plan, p.price, 1, 1, p.amount,
           'USD', 'ACTIVE', 'WALLET', 'UTC', %(anchor)s, 1, 1, %(anchor)s, %(due)s, %(due)s,
           %(due)s + interval '3 days', false, '', 0, 'NOT_NEEDED', '', '', '',
           'crowd-' || f.fan, %(anchor)s, %(anchor)s, ''
      FROM unnest(%(fans)s::bigint[]) WITH ORDINALITY f(fan, i)
      JOIN unnest(%(prices)s::bigint[], %(plans)s::bigint[], %(creators)s::bigint[],
                  %(amounts)s::bigint[]) WITH ORDINALITY p(price, plan, creator, amount, k)
        ON p.k = 1 + f.i %% %(kinds)s
    RETURNING id, fan_id, creator_id
), e AS (
    INSERT INTO entitlements_entitlement (profile_id, creator_id, cluster_id, scope, item, tier,
        from_at, until_at, source, withdrawn_why)
    SELECT fan_id, creator_id, %(cluster)s, 'CREATOR', '', 1, %(anchor)s,
           %(due)s + interval '3 days', 'subscription:' || id, '' FROM s
)
INSERT INTO subscriptions_period (subscription_id, number, from_at, until_at, kind, state,
                                  amount_minor, currency, at, paid_at)
SELECT id, 1, %(anchor)s, %(due)s, 'GIFT', 'PAID', 0, 'USD', %(anchor)s, %(anchor)s FROM s
"""


def prices(count: int, *, amount: str = "10.00") -> list[Price]:
    """So many creators with a plan each."""
    made = []
    for _ in range(count):
        plan = PlanFactory.create(creator=CreatorFactory.create())
        made.append(PriceFactory.create(plan=plan, amount=amount))
    return made


def fans(count: int, *, of: Price, at: datetime, name: str = "crowd") -> list[int]:
    """So many fans on the brand of a price."""
    brand = of.plan.cluster_id
    with connection.cursor() as cursor:
        cursor.execute(_FANS, {"count": count, "at": at, "cluster": brand, "name": name})
        return [pk for (pk,) in cursor.fetchall()]


def fund(people: list[int], amount: Money, *, cluster: str, now: datetime) -> None:
    """Fill their wallets, a thousand at a time."""
    for first in range(0, len(people), 1000):
        with transaction.atomic():
            ledger.post_many(
                [
                    postings.wallet_deposit(
                        transaction_id=_FIRST_DEPOSIT + fan,
                        fan_id=fan,
                        gateway="ccbill",
                        amount=amount,
                        processing_fee=Money.zero(amount.currency),
                        cluster=cluster,
                    )
                    for fan in people[first : first + 1000]
                ],
                now=now,
            )


def subscribers(
    count: int,
    *,
    due: datetime,
    among: list[Price] | None = None,
    wallet: str = "100.00",
    name: str = "crowd",
) -> list[int]:
    """So many active subscriptions for a month that fall due; return the fans. Each wallet holds
    ``wallet``; "" leaves them empty."""
    offered = among or prices(3)
    anchor = add_months(due, -1)
    people = fans(count, of=offered[0], at=anchor - timedelta(days=1), name=name)
    with connection.cursor() as cursor:
        cursor.execute(
            _SUBSCRIPTIONS,
            {
                "fans": people,
                "prices": [price.pk for price in offered],
                "plans": [price.plan_id for price in offered],
                "creators": [price.plan.creator_id for price in offered],
                "amounts": [price.amount_minor for price in offered],
                "kinds": len(offered),
                "cluster": offered[0].plan.cluster_id,
                "anchor": anchor,
                "due": due,
            },
        )
    if wallet:
        brand = Profile.objects.select_related("cluster").get(pk=people[0]).cluster.slug
        fund(people, Money.of(wallet, "USD"), cluster=brand, now=anchor)
    return people


def due_ones(now: datetime) -> int:
    """How many are still due."""
    return Subscription.objects.filter(due_at__lte=now).count()
