"""The engine: hard filters always hold, rules go from the top, shares come out as they are set."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.money import Money
from apps.finance.routing.choices import Action, SortBy, Why
from apps.finance.routing.rules import Candidate, Facts, decide
from apps.finance.routing.rules.split import drawn_order
from tests.finance.routing.made import account, payment, rule

TODAY = date(2026, 1, 15)


def decided(candidates, rules=(), facts=None, subject="transaction:1"):
    return decide(
        subject=subject,
        facts=facts or payment(),
        candidates=candidates,
        rules=rules,
        today=TODAY,
    )


class TestHardFilters:
    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"currency": "EUR"}, Why.CURRENCY),
            ({"methods": frozenset({"CRYPTO"})}, Why.METHOD),
            ({"least_minor": 25_01}, Why.TOO_SMALL),
            ({"most_minor": 24_99}, Why.TOO_LARGE),
            ({"countries": frozenset({"US"})}, Why.COUNTRY),
            ({"countries_refused": frozenset({"DE"})}, Why.COUNTRY),
            ({"card_brands": frozenset({"VISA"})}, Why.CARD_BRAND),
            ({"opens_on": date(2026, 1, 16)}, Why.NOT_YET),
            ({"closes_on": date(2026, 1, 14)}, Why.NO_LONGER),
            ({"healthy": False}, Why.UNHEALTHY),
            ({"cap_minor": 100_00, "cap_left_minor": 24_99}, Why.CAP),
            ({"ratio_bps": 135, "ratio_limit_bps": 150}, Why.RATIO),
        ],
    )
    def test_each_keeps_an_account_out_and_says_which(self, changes, why):
        facts = payment("25.00", country="DE", card_brand="MASTERCARD")
        outcome = decided([account(1, **changes), account(2)], [rule((1, 1))], facts)
        assert outcome.ranked == (2,)
        [excluded] = outcome.excluded
        assert (excluded.account_id, excluded.why) == (1, why)
        assert excluded.text

    @pytest.mark.parametrize(
        "changes",
        [
            {"least_minor": 25_00, "most_minor": 25_00},
            {"opens_on": TODAY, "closes_on": TODAY},
            {"cap_minor": 100_00, "cap_left_minor": 25_00},
            {"ratio_bps": 134, "ratio_limit_bps": 150},
            {"countries": frozenset({"US"})},  # where the payer is not known it is let pass
        ],
    )
    def test_the_edge_is_still_inside(self, changes):
        assert decided([account(1, **changes)]).ranked == (1,)

    def test_nobody_is_an_answer(self):
        outcome = decided([account(1, healthy=False)])
        assert outcome.chosen is None
        assert outcome.ranked == ()


class TestRules:
    def test_without_one_the_cheapest_comes_first_then_the_oldest(self):
        found = decided([account(3), account(2, cost_bps=100), account(1, cost_fixed_minor=30)])
        # 2: 1 % of 25.00 is 0.25; 1: 0.30
        assert found.ranked == (3, 2, 1)
        assert found.rule is None

    def test_the_first_that_applies_decides_and_the_others_follow_by_cost(self):
        found = decided(
            [account(1, cost_bps=10), account(2), account(3, cost_bps=900)],
            [
                rule((1, 1), name="euros", currencies=("EUR",)),
                rule((3, 1), name="tips", position=2, kinds=("TIP",)),
                rule((1, 1), name="never reached", position=3),
            ],
        )
        assert found.ranked == (3, 2, 1)
        assert (found.rule, found.rule_name) == (2, "tips")
        assert found.steps[0].text == "Does not apply: currency is USD, not EUR"
        assert len(found.steps) == 2

    def test_one_whose_accounts_cannot_take_it_is_passed_over(self):
        found = decided(
            [account(1, healthy=False), account(2)], [rule((1, 1)), rule((2, 1), position=2)]
        )
        assert (found.ranked, found.rule) == ((2,), 2)

    def test_only_these_means_that_nobody_else_ever_takes_it(self):
        found = decided([account(1, healthy=False), account(2)], [rule((1, 1), only_these=True)])
        assert found.ranked == ()
        assert {(one.account_id, one.why) for one in found.excluded} == {
            (1, Why.UNHEALTHY),
            (2, Why.NOT_NAMED),
        }

    def test_leaving_out_goes_on_to_the_next(self):
        found = decided(
            [account(1, gateway="epoch"), account(2)],
            [rule(("epoch", 0), action=Action.EXCLUDE), rule((1, 1), (2, 1), position=2)],
        )
        assert (found.ranked, found.rule) == ((2,), 2)
        assert found.excluded[0].why == Why.RULE

    @pytest.mark.parametrize(
        ("sort_by", "first"), [(SortBy.COST, 1), (SortBy.SUCCESS, 2), (SortBy.HEADROOM, 3)]
    )
    def test_sorts_by_cost_by_success_or_by_room(self, sort_by, first):
        candidates = [
            account(1, cap_minor=100_00, cap_left_minor=30_00),
            account(2, cost_bps=50, success_bps=9_900, samples=500,
                    cap_minor=100_00, cap_left_minor=30_00),
            account(3, cost_bps=90, cap_minor=100_00, cap_left_minor=90_00),
        ]  # fmt: skip
        found = decided(candidates, [rule(action=Action.SORT, sort_by=sort_by)])
        assert found.chosen == first

    def test_ten_of_ten_is_no_better_than_what_is_usual_of_thousands(self):
        lucky, proven = (
            account(1, success_bps=10_000, samples=2),
            account(2, success_bps=9_000, samples=5_000),
        )
        found = decided([lucky, proven], [rule(action=Action.SORT, sort_by=SortBy.SUCCESS)])
        assert found.chosen == 2

    @pytest.mark.parametrize(
        ("conditions", "applies"),
        [
            ({"clusters": ("boyfanz",)}, True),
            ({"clusters": ("girlfanz",)}, False),
            ({"bins": ("411111", "5")}, True),
            ({"bins": ("42",)}, False),
            ({"least_minor": 25_00, "most_minor": 25_00}, True),
            ({"least_minor": 25_01}, False),
            ({"most_minor": 24_99}, False),
            ({"least_risk": 40, "most_risk": 40}, True),
            ({"least_risk": 41}, False),
            ({"most_risk": 39}, False),
            ({"first_purchase": True}, True),
            ({"first_purchase": False}, False),
            ({"countries": ("DE", "FR"), "methods": ("CARD",)}, True),
        ],
    )
    def test_each_condition_asks_for_its_fact(self, conditions, applies):
        facts = payment(bin="41111122", risk_score=40, first_purchase=True, country="FR")
        found = decided([account(1, cost_bps=99), account(2)], [rule((1, 1), **conditions)], facts)
        assert (found.chosen == 1) is applies


weights = st.lists(st.integers(0, 100), min_size=1, max_size=6).filter(any)


class TestSplit:
    @given(st.text(max_size=20), weights)
    def test_names_everybody_once_and_the_same_way_each_time(self, subject, given_weights):
        order = drawn_order(subject, given_weights)
        assert sorted(order) == list(range(len(given_weights)))
        assert order == drawn_order(subject, given_weights)
        assert given_weights[order[0]] > 0

    @settings(max_examples=20, deadline=None)
    @given(weights)
    def test_comes_close_to_the_shares(self, given_weights):
        drawn = Counter(drawn_order(f"s{n}", given_weights)[0] for n in range(4_000))
        for place, weight in enumerate(given_weights):
            # Five times the widest deviation of 4,000 draws, sqrt(p(1-p)/n) at most 0.0079.
            assert abs(drawn[place] / 4_000 - weight / sum(given_weights)) < 0.04

    def test_a_small_change_of_shares_moves_few(self):
        moved = sum(
            drawn_order(f"s{n}", [50, 50])[0] != drawn_order(f"s{n}", [55, 45])[0]
            for n in range(2_000)
        )
        assert moved < 2_000 * 0.55


accounts = st.lists(
    st.builds(
        Candidate,
        account_id=st.integers(1, 12),
        gateway=st.sampled_from(["ccbill", "epoch", "segpay"]),
        label=st.just("x"),
        currency=st.sampled_from(["USD", "EUR"]),
        least_minor=st.integers(1, 3_000),
        most_minor=st.integers(1, 9_000),
        cost_bps=st.integers(0, 2_000),
        success_bps=st.none() | st.integers(0, 10_000),
        samples=st.integers(0, 50),
        healthy=st.booleans(),
        cap_left_minor=st.none() | st.integers(-10, 9_000),
        ratio_bps=st.none() | st.integers(0, 300),
        ratio_limit_bps=st.none() | st.integers(1, 300),
        countries=st.frozensets(st.sampled_from(["DE", "US"])),
    ),
    max_size=8,
    unique_by=lambda one: one.account_id,
)
rules = st.lists(
    st.builds(
        lambda shares, action, sort_by, only, kinds: rule(
            *shares, action=action, sort_by=sort_by, only_these=only, kinds=kinds
        ),
        shares=st.lists(
            st.tuples(
                st.integers(1, 12) | st.sampled_from(["ccbill", "epoch"]), st.integers(0, 9)
            ),
            max_size=4,
        ),
        action=st.sampled_from(list(Action)),
        sort_by=st.sampled_from(list(SortBy)),
        only=st.booleans(),
        kinds=st.sampled_from([(), ("TIP",), ("DEPOSIT",)]),
    ),
    max_size=5,
)
facts_of = st.builds(
    Facts,
    cluster=st.just("boyfanz"),
    kind=st.just("TIP"),
    amount=st.builds(Money, st.integers(1, 9_000), st.sampled_from(["USD", "EUR"])),
    country=st.sampled_from(["", "DE", "FR"]),
)


@settings(max_examples=300, deadline=None)
@given(accounts, rules, facts_of, st.text(max_size=8))
def test_whatever_the_rules_nobody_excluded_is_chosen_and_everybody_is_accounted_for(
    candidates, some_rules, facts, subject
):
    found = decided(candidates, some_rules, facts, subject)
    out = {one.account_id for one in found.excluded}
    assert out.isdisjoint(found.ranked)
    assert out | set(found.ranked) == {one.account_id for one in candidates}
    assert len(found.ranked) + len(found.excluded) == len(candidates)
    by_id = {one.account_id: one for one in candidates}
    for account_id in found.ranked:
        able = by_id[account_id]
        assert able.healthy
        assert able.currency == facts.currency
        assert able.least_minor <= facts.amount.minor <= able.most_minor
        assert able.cap_left_minor is None or able.cap_left_minor >= facts.amount.minor
    assert decided(candidates, some_rules, facts, subject) == found


@given(accounts, facts_of)
def test_what_is_kept_of_account_and_payment_reads_back_the_same(candidates, facts):
    assert [Candidate.from_json(one.as_json()) for one in candidates] == candidates
    assert Facts.from_json(facts.as_json()) == facts


@given(accounts, facts_of)
def test_without_rules_costs_never_fall_along_the_ranks(candidates, facts):
    by_id = {one.account_id: one for one in candidates}
    costs = [
        by_id[one].cost_of(facts.amount).minor for one in decided(candidates, (), facts).ranked
    ]
    assert all(first <= second for first, second in pairwise(costs))
