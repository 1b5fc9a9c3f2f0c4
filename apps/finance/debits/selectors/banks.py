"""What our bank calls us: read from the secrets of the account, never stored here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.finance.debits import errors
from apps.finance.debits.rules.nacha import Origin
from apps.finance.payments.selectors.merchants import account_of

ACH_NEEDS = (
    "immediate_destination",
    "destination_name",
    "immediate_origin",
    "origin_name",
    "company_name",
    "company_id",
    "odfi",
)
SEPA_NEEDS = ("creditor_name", "creditor_id", "iban", "bic")
WIRE_NEEDS = ("holder", "iban", "bic")


def config_of(account: Any, needs: tuple[str, ...]) -> Mapping[str, str]:
    """
    Return the settings of an account at our bank (a merchant account).

    :raises NotConfigured: one of ``needs`` is not set
    """
    config = account_of(account).config
    missing = [name for name in needs if not config.get(name)]
    if missing:
        raise errors.NotConfigured(account=str(account), missing=missing)
    return config


def origin_of(account: Any) -> Origin:
    """
    :raises NotConfigured: the account lacks something a NACHA file needs
    """
    config = config_of(account, ACH_NEEDS)
    return Origin(
        destination=config["immediate_destination"],
        destination_name=config["destination_name"],
        origin=config["immediate_origin"],
        origin_name=config["origin_name"],
        company=config["company_name"],
        company_id=config["company_id"],
        odfi=config["odfi"],
    )
