"""Simulated business ends in balanced books, each time the same."""

import json
import logging
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.ops import errors, rules, services

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]
SIZE = rules.Size(days=8, creators=3, fans=40, seed=7)


def test_plays_every_kind_of_business_and_balances(now: datetime) -> None:
    summary = services.simulate(size=SIZE, now=now)

    rows = summary["trial_balance"]
    assert summary["books_balance"] is True
    assert sum(row["debit_minor"] for row in rows) == sum(row["credit_minor"] for row in rows)
    assert summary["transactions"]["TIP CARD CAPTURED"] > 0
    assert summary["transactions"]["WALLET_DEPOSIT CARD CAPTURED"] > 0
    assert summary["payouts"]["PAID"] > 0


def test_refuses_to_play_a_seed_twice_on_one_database(now: datetime) -> None:
    size = rules.Size(days=1, creators=1, fans=1, seed=7)
    first = services.simulate(size=size, now=now)

    with pytest.raises(errors.AlreadySimulated):
        services.simulate(size=size, now=now)

    assert first["books_balance"] is True


@pytest.mark.parametrize("option", ["--days", "--creators", "--fans"])
def test_the_command_refuses_an_empty_play(option: str) -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("simulate", option, "0")


def test_seeds_the_demo_once_and_prints_the_logins_again(settings: Any) -> None:
    printed = []
    for _ in range(2):
        out = StringIO()
        call_command("seed_demo", "--json", stdout=out)
        printed.append(json.loads(out.getvalue()))

    assert printed[0] == printed[1]
    assert [person["role"] for person in printed[0]["staff"]] == [
        "payouts",
        "payouts",
        "finance",
        "admin",
        "compliance",
        "support",
    ]
    assert logging.getLogger("apps").level == logging.NOTSET


def test_the_demo_is_for_development_only(settings: Any) -> None:
    settings.DEVELOPMENT_DOMAINS = False

    with pytest.raises(CommandError, match="development only"):
        call_command("seed_demo")
