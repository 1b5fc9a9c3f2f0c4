"""``manage.py simulate``: play business through services and sandbox, end with the books."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm  # type: ignore[import-untyped]  # no stubs among our packages

from apps.core.errors import DomainError
from apps.ops import rules, services
from apps.ops.management.quiet import quiet


class Command(BaseCommand):
    help = "Play business in simulated time; exit 1 if the books do not balance."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30)
        parser.add_argument("--creators", type=int, default=20)
        parser.add_argument("--fans", type=int, default=200)
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        size = rules.Size(**{k: options[k] for k in ("days", "creators", "fans", "seed")})
        if min(size.days, size.creators, size.fans) < 1:
            raise CommandError("--days, --creators and --fans must be at least 1.")
        with (
            quiet(logging.ERROR),
            tqdm(total=size.days, unit="day", file=sys.stderr, disable=None) as bar,
        ):
            try:
                summary = services.simulate(size=size, now=timezone.now(), on_day=bar.update)
            except DomainError as refusal:
                raise CommandError(str(refusal)) from refusal
        if options["json"]:
            self.stdout.write(json.dumps(summary, indent=2, sort_keys=True))
        else:
            self._print(summary)
        if not summary["books_balance"]:
            raise CommandError("The books do not balance: see manage.py ledger_check.")

    def _print(self, summary: dict[str, Any]) -> None:
        for group in ("transactions", "payouts"):
            for name, count in summary[group].items():
                self.stdout.write(f"{count:>8}  {group[:-1]} {name}")
        for row in summary["trial_balance"]:
            self.stdout.write(
                f"{row['code']:<6}{row['name']:<36}{row['currency']:<5}"
                f"{row['debit_minor']:>14}{row['credit_minor']:>14}"
            )
        self.stdout.write(f"books balance: {'yes' if summary['books_balance'] else 'NO'}")
