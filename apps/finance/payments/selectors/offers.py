"""What a brand's payers may pay with now, for the pages that offer it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.choices import AttemptKind, Method
from apps.finance.payments.models import MerchantAccount, PaymentMethod
from apps.finance.payments.selectors.merchants import account_of
from apps.finance.payments.selectors.methods import means_of

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

#: The setting that names the script of a gateway's fields; without it they cannot be shown.
FIELDS_SCRIPT = "fields_script_url"


@dataclass(frozen=True, slots=True)
class Offer:
    """A method on a brand: what its accounts take between them, and how a payment begins."""

    method: Method
    least: Money
    most: Money
    #: The gateway's own page where one has it: nothing of a card comes near ours then.
    kind: AttemptKind
    #: One of them keeps a means for later, if the payer wants that.
    keeps: bool
    account_ids: tuple[int, ...]


def offers_of(*, cluster: Cluster, currency: str, today: date) -> dict[Method, Offer]:
    """Return what the brand takes in a currency, by method; what is not set up is left out."""
    accounts = MerchantAccount.objects.filter(
        cluster=cluster, is_active=True, currency=currency
    ).order_by("rank", "id")
    by_method: dict[Method, list[MerchantAccount]] = {}
    for account in accounts:
        if account.processes_on(today) and is_set_up(account):
            by_method.setdefault(account.method, []).append(account)
    return {method: _offer(method, rows) for method, rows in by_method.items()}


def usable_means(fan: Profile, currency: str) -> list[PaymentMethod]:
    """Return the stored means that can be charged in a currency now, the default first."""
    return [
        means
        for means in means_of(fan)
        if means.merchant_account.is_active
        and means.merchant_account.currency == currency
        and gateway_for(means.gateway).capabilities.token_charge
    ]


@dataclass(frozen=True, slots=True)
class Fields:
    """What a page needs to show a gateway's fields.

    ``hosts`` are all that the page must let in: the script's own, and those the script loads
    more from. ``wallets`` are the buttons that are switched on for the account: Apple's and
    Google's terms limit adult merchants, so none is unless a site decides so.
    """

    script: str
    hosts: tuple[str, ...]
    wallets: tuple[str, ...]


def fields_of(account: MerchantAccount) -> Fields:
    """Return what shows an account's fields; ``script`` is empty where there are none."""
    config, able = account_of(account).config, gateway_for(account.gateway).capabilities
    script = config.get(FIELDS_SCRIPT, "")
    more = _listed(config.get("fields_hosts", ""))
    buttons = _listed(config.get("wallet_buttons", ""))
    return Fields(
        script,
        tuple(filter(None, dict.fromkeys(["/".join(script.split("/")[:3]), *more]))),
        tuple(name for name in buttons if name in able.wallets),
    )


def _listed(text: str) -> list[str]:
    return text.replace(",", " ").split()


def is_set_up(account: MerchantAccount) -> bool:
    """Test if all that its gateway needs is there: until then a gateway is off."""
    gateway, config = gateway_for(account.gateway), account_of(account).config
    able = gateway.capabilities
    if able.fields and not able.hosted_page and not config.get(FIELDS_SCRIPT):
        return False
    return gateway.needs <= config.keys()


def _offer(method: Method, accounts: Iterable[MerchantAccount]) -> Offer:
    accounts = list(accounts)
    able = [gateway_for(account.gateway).capabilities for account in accounts]
    only_fields = any(one.fields for one in able) and not any(one.hosted_page for one in able)
    return Offer(
        method=method,
        least=Money(min(account.least_minor for account in accounts), accounts[0].currency),
        most=Money(max(account.most_minor for account in accounts), accounts[0].currency),
        kind=AttemptKind.FIELDS if only_fields else AttemptKind.HOSTED,
        keeps=any(one.token_charge for one in able),
        account_ids=tuple(account.pk for account in accounts),
    )
