"""Who may see what, as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.finance.entitlements.choices import Scope, Why
from apps.finance.entitlements.rules import Held, Thing, decide

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
IN_PLANS = Thing("content:9", 1, least_tier=2)
SINGLE = Thing("content:9", 1)


def held(scope: Scope = Scope.CREATOR, *, tier: int = 2, **times: Any) -> Held:
    return Held(
        scope,
        times.get("source", "subscription:7"),
        tier,
        NOW + times.get("since", -30 * DAY),
        NOW + times["until"] if "until" in times else None,
        NOW + times["withdrawn"] if "withdrawn" in times else None,
    )


def bought(**times: Any) -> Held:
    return held(Scope.ITEM, tier=0, **{"source": "purchase:3", **times})


@pytest.mark.parametrize(
    ("thing", "holding", "why", "until", "source"),
    [
        (Thing("a", 1, is_own=True, is_free=True), [], Why.OWN, None, ""),
        (Thing("a", 1, is_free=True), [held(tier=1)], Why.FREE, None, ""),
        (IN_PLANS, [], Why.NOT_SUBSCRIBED, None, ""),
        (SINGLE, [], Why.NOT_BOUGHT, None, ""),
        (IN_PLANS, [held(until=DAY)], Why.SUBSCRIBED, DAY, "subscription:7"),
        (IN_PLANS, [held(tier=3)], Why.SUBSCRIBED, None, "subscription:7"),
        (IN_PLANS, [held(tier=1)], Why.TIER_TOO_LOW, None, "subscription:7"),
        (IN_PLANS, [held(until=0 * DAY)], Why.ENDED, 0 * DAY, "subscription:7"),
        (IN_PLANS, [held(since=DAY)], Why.NOT_SUBSCRIBED, None, ""),
        (IN_PLANS, [held(withdrawn=-DAY)], Why.WITHDRAWN, -DAY, "subscription:7"),
        # It had ended before it was withdrawn.
        (IN_PLANS, [held(until=-2 * DAY, withdrawn=-DAY)], Why.ENDED, -2 * DAY, "subscription:7"),
        # No plan includes it: a subscription is no reason, neither for nor against.
        (SINGLE, [held(tier=9)], Why.NOT_BOUGHT, None, ""),
        (SINGLE, [held(until=-DAY)], Why.NOT_BOUGHT, None, ""),
        (SINGLE, [bought()], Why.BOUGHT, None, "purchase:3"),
        (SINGLE, [bought(withdrawn=-DAY)], Why.WITHDRAWN, -DAY, "purchase:3"),
        # What lasts longest answers.
        (IN_PLANS, [held(until=DAY), bought()], Why.BOUGHT, None, "purchase:3"),
        (IN_PLANS, [held(until=2 * DAY), bought(until=DAY)], Why.SUBSCRIBED, 2 * DAY,
         "subscription:7"),
        (IN_PLANS, [held(until=-DAY), held(until=DAY, source="gift:2")], Why.SUBSCRIBED, DAY,
         "gift:2"),
        # A step up is what is missing, not the one that ended.
        (IN_PLANS, [held(tier=1, source="gift:2"), held(until=-DAY)], Why.TIER_TOO_LOW, None,
         "gift:2"),
        # Of those that are over, the last one says why.
        (IN_PLANS, [held(until=-3 * DAY), bought(withdrawn=-DAY)], Why.WITHDRAWN, -DAY,
         "purchase:3"),
    ],
)  # fmt: skip
def test_the_answer_says_why_and_until_when(
    thing: Thing, holding: list[Held], why: Why, until: timedelta | None, source: str
) -> None:
    access = decide(thing, holding, now=NOW)

    assert (access.why, access.source) == (why, source)
    assert access.until == (None if until is None else NOW + until)
    assert access.allowed == (why in {Why.OWN, Why.FREE, Why.SUBSCRIBED, Why.BOUGHT})


spans = st.integers(-5, 5).map(lambda days: days * DAY)
rights = st.builds(
    lambda scope, tier, since, until, withdrawn, number: held(
        scope,
        tier=tier,
        since=since,
        source=f"subscription:{number}",
        **({} if until is None else {"until": until}),
        **({} if withdrawn is None else {"withdrawn": withdrawn}),
    ),
    st.sampled_from(Scope),
    st.integers(0, 3),
    spans,
    st.none() | spans,
    st.none() | spans.filter(lambda span: span <= timedelta()),
    st.integers(1, 9),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rights, max_size=5), st.none() | st.integers(0, 3), st.randoms())
def test_the_order_of_rights_does_not_matter_and_one_more_never_shuts_out(
    holding: list[Held], least_tier: int | None, chance: Any
) -> None:
    thing = Thing("content:9", 1, least_tier=least_tier)
    shuffled = chance.sample(holding, len(holding))

    first = decide(thing, holding, now=NOW)
    assert decide(thing, shuffled, now=NOW).why == first.why
    assert first.allowed == any(decide(thing, [one], now=NOW).allowed for one in holding)
    if first.allowed:
        assert decide(thing, [*holding, bought()], now=NOW).until is None
