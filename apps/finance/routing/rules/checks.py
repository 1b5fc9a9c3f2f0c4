"""Whether a rule makes sense, said by the name of the field that is wrong."""

from __future__ import annotations

from collections.abc import Collection

from apps.core.money import SCALES
from apps.finance.routing import errors
from apps.finance.routing.choices import Action
from apps.finance.routing.rules.conditions import Conditions
from apps.finance.routing.rules.plan import PlannedRule, Share

MOST_RULES = 100
MOST_SHARES = 20
MOST_WEIGHT = 10_000
MOST_RISK = 100
_COUNTRY, _BIN = 2, range(4, 9)


def check_rule(rule: PlannedRule, *, accounts: Collection[int], gateways: Collection[str]) -> None:
    """
    Answer only if the rule can be followed.

    :raises RuleWrong: it cannot; ``field`` names what to change
    """
    if not rule.name.strip():
        _wrong("name", "Give the rule a name.")
    _check_lists(rule.conditions)
    _check_ranges(rule.conditions)
    _check_shares(rule)
    for share in rule.shares:
        _check_target(share, accounts, gateways)


def _check_lists(asked: Conditions) -> None:
    for country in asked.countries:
        if not (len(country) == _COUNTRY and country.isascii() and country.isupper()):
            _wrong("countries", f"{country} is no country code of two letters, such as DE.")
    for currency in asked.currencies:
        if currency not in SCALES:
            _wrong("currencies", f"{currency} is no currency we know.")
    for prefix in asked.bins:
        if not (prefix.isascii() and prefix.isdigit() and len(prefix) in _BIN):
            _wrong("bins", f"{prefix} is not the beginning of a card number: 4 to 8 digits.")


def _check_ranges(asked: Conditions) -> None:
    if asked.least_minor is not None or asked.most_minor is not None:
        if len(asked.currencies) != 1:
            _wrong("currencies", "An amount needs its currency: choose exactly one.")
        if _is_turned(asked.least_minor, asked.most_minor):
            _wrong("most", "The largest amount is below the smallest.")
    for name, risk in (("least_risk", asked.least_risk), ("most_risk", asked.most_risk)):
        if risk is not None and not 0 <= risk <= MOST_RISK:
            _wrong(name, "A risk score is 0 to 100.")
    if _is_turned(asked.least_risk, asked.most_risk):
        _wrong("most_risk", "The highest score is below the lowest.")


def _is_turned(least: int | None, most: int | None) -> bool:
    return least is not None and most is not None and most < least


def _check_shares(rule: PlannedRule) -> None:
    if not rule.shares and rule.action != Action.SORT:
        _wrong("shares", "Choose at least one account or gateway.")
    if rule.only_these and not rule.shares:
        _wrong("only_these", "Choose the accounts that alone may take it.")
    if len(rule.shares) > MOST_SHARES:
        _wrong("shares", f"A rule names at most {MOST_SHARES} accounts.")
    keys = [(share.account_id, share.gateway) for share in rule.shares]
    if len(set(keys)) < len(keys):
        _wrong("shares", "An account is chosen twice.")
    if any(not 0 <= share.weight <= MOST_WEIGHT for share in rule.shares):
        _wrong("shares", f"A share is 0 to {MOST_WEIGHT}.")
    if rule.action == Action.ACCOUNTS and not any(share.weight for share in rule.shares):
        _wrong("shares", "At least one share must be above zero.")


def _check_target(share: Share, accounts: Collection[int], gateways: Collection[str]) -> None:
    if share.account_id is None and share.gateway not in gateways:
        _wrong("shares", f"There is no account at a gateway called {share.gateway or '?'}.")
    if share.account_id is not None and share.account_id not in accounts:
        _wrong("shares", f"There is no merchant account {share.account_id}.")


def _wrong(field: str, why: str) -> None:
    raise errors.RuleWrong(field=field, why=why)
