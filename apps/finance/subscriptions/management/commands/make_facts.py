"""``manage.py make_facts [--anew]``: bring the figures of subscriptions up to what happened."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.finance.subscriptions.services.facts import LINES_A_PASS, forget_facts, make_facts


class Command(BaseCommand):
    help = "Make MRR, its movements, cohorts and takings from the history until nothing is left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anew", action="store_true", help="forget all figures first")
        parser.add_argument("--limit", type=int, default=LINES_A_PASS, help="lines a pass")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["anew"]:
            forget_facts()
        behind, passes = True, 0
        while behind:
            made = make_facts(now=timezone.now(), limit=options["limit"])
            behind, passes = made.behind, passes + made.passes
        self.stdout.write(f"Made in {passes} passes, {made.takes} rows of takings.")
