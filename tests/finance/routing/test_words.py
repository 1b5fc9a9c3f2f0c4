"""The words that rules are written in are those of the payments above."""

from apps.finance.payments.choices import Kind, Method
from apps.finance.routing.choices import KINDS, METHODS


def test_a_rule_can_name_every_kind_and_every_method_that_is_routed():
    assert dict(Kind.choices) == KINDS
    assert {m.value: m.label for m in Method if m != Method.WALLET} == METHODS
