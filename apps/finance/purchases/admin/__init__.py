"""Console pages of items, purchases and goals."""

from apps.finance.purchases.admin import goals, items, purchases

__all__ = ["goals", "items", "purchases"]
