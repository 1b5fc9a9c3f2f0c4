"""Ways into the tables of risk."""

from apps.finance.risk.rules.facts import RiskFacts
from apps.finance.risk.services.assess import assess, forget_twin
from apps.finance.risk.services.back_test import ask_back_test, run_back_tests, stop_back_test
from apps.finance.risk.services.forget import forget
from apps.finance.risk.services.lists import add_entry, block_part, remove_entry
from apps.finance.risk.services.results import note_result
from apps.finance.risk.services.review import approve, decide_nothing, hold, reject
from apps.finance.risk.services.versions import (
    make_limits_live,
    make_rule_live,
    retire_rule,
    write_limits,
    write_rule,
)

__all__ = [
    "RiskFacts",
    "add_entry",
    "approve",
    "ask_back_test",
    "assess",
    "block_part",
    "decide_nothing",
    "forget",
    "forget_twin",
    "hold",
    "make_limits_live",
    "make_rule_live",
    "note_result",
    "reject",
    "remove_entry",
    "retire_rule",
    "run_back_tests",
    "stop_back_test",
    "write_limits",
    "write_rule",
]
