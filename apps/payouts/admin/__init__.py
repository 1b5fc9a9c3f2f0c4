"""Payouts in the console: two pairs of eyes, then the rail."""

from apps.payouts.admin.methods import PayoutMethodAdmin
from apps.payouts.admin.payouts import PayoutAdmin

__all__ = ["PayoutAdmin", "PayoutMethodAdmin"]
