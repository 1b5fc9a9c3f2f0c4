"""``manage.py ledger_roll [--anew]``: bring totals and chain up to what is posted."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.finance.ledger import services as ledger


class Command(BaseCommand):
    help = "Roll totals and chain forward until nothing is left that can be rolled now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anew", action="store_true", help="make all totals again")
        parser.add_argument("--limit", type=int, default=20_000, help="ids a pass")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["anew"]:
            ledger.forget_totals()
        behind, entries = True, 0
        while behind:
            rolled = ledger.roll_forward(now=timezone.now(), limit=options["limit"])
            behind, entries = rolled.behind, entries + rolled.entries
        self.stdout.write(f"Rolled forward to entry {rolled.rolled_to}, {entries} entries new.")
