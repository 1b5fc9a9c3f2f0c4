"""Accounts, as rules name them."""

from __future__ import annotations

from apps.finance.routing.models import Route


def routes() -> list[Route]:
    """Return the accounts that rules may name, active ones first. As many as there are MIDs."""
    return list(Route.objects.order_by("-is_active", "cluster", "gateway", "account_id"))


def labels_of() -> dict[int, str]:
    """Return each account's name for people."""
    return dict(Route.objects.values_list("account_id", "label"))


def ratios(*, account_ids: list[int]) -> dict[int, tuple[int, int]]:
    """Return ratio and limit, in ten-thousandths, of the accounts where they are measured."""
    measured = Route.objects.filter(account_id__in=account_ids, ratio_limit_bps__gt=0)
    return {row.account_id: (row.ratio_bps or 0, row.ratio_limit_bps or 0) for row in measured}
