"""The use cases of entitlements; the only writers of its tables."""

from apps.finance.entitlements.services.granting import (
    Grant,
    grant,
    grant_many,
    withdraw,
    withdraw_many,
)
from apps.finance.entitlements.services.staff import grant_by_staff, withdraw_by_staff

__all__ = [
    "Grant",
    "grant",
    "grant_by_staff",
    "grant_many",
    "withdraw",
    "withdraw_by_staff",
    "withdraw_many",
]
