"""What operations can do: play business, make the demo's data."""

from apps.ops.services.demo import DEMO_DAYS, seed_demo
from apps.ops.services.simulate import simulate

__all__ = ["DEMO_DAYS", "seed_demo", "simulate"]
