"""What our bank calls us: read from the secrets of the account, never stored here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.finance.debits import errors
from apps.finance.debits.rules.nacha import Origin
from apps.finance.payments.selectors.merchants import account_of, missing_keys


@dataclass(frozen=True, slots=True)
class Place:
    """Where files of an account are exchanged with its bank (settings.BANK_STORAGES)."""

    storage: str
    out_folder: str
    in_folder: str
    #: Nobody removes what was put there, so what does not lie there never came.
    keeps: bool

    @property
    def can_put(self) -> bool:
        return bool(self.out_folder)

    @property
    def can_fetch(self) -> bool:
        return bool(self.in_folder)

    def path_for(self, name: str) -> str:
        return f"{self.out_folder}/{name}"


def place_of(account: Any) -> Place | None:
    """Return where the account's files go and come from; None: people carry them."""
    config = account_of(account).config
    if not config.get("storage"):
        return None
    return Place(
        config["storage"],
        config.get("out_folder", "").strip("/"),
        config.get("in_folder", "").strip("/"),
        config.get("keeps", "") == "yes",
    )


def config_of(account: Any, *also: str) -> Mapping[str, str]:
    """
    Return the settings of an account at our bank (a merchant account).

    :raises NotConfigured: something that its gateway, or ``also`` names, is not set
    """
    config = account_of(account).config
    missing = missing_keys(account.gateway, account.credentials)
    missing += [name for name in also if not config.get(name)]
    if missing:
        raise errors.NotConfigured(account=str(account), missing=missing)
    return config


def origin_of(account: Any) -> Origin:
    """
    :raises NotConfigured: the account lacks something a NACHA file needs
    """
    config = config_of(account)
    return Origin(
        destination=config["immediate_destination"],
        destination_name=config["destination_name"],
        origin=config["immediate_origin"],
        origin_name=config["origin_name"],
        company=config["company_name"],
        company_id=config["company_id"],
        odfi=config["odfi"],
    )
