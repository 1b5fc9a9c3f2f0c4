"""``manage.py ledger_check [--slice] [--json]``: prove the books; exit 1 with what is wrong."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.finance.ledger import services as ledger


class Command(BaseCommand):
    help = "Verify the rules of the books from their rows; exit 1 with what was found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how_much = parser.add_mutually_exclusive_group()
        how_much.add_argument("--full", action="store_true", help="everything; the default")
        how_much.add_argument(
            "--slice", action="store_true", help="what is new, and the next slice of the rest"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        prove = ledger.check_slice if options["slice"] else ledger.check_books
        check = prove(now=timezone.now())
        if options["json"]:
            answer = {
                "ok": check.ok,
                "scope": check.scope,
                "checked_at": check.checked_at.isoformat(),
                "entries": check.entries,
                "lines": check.lines,
                "findings": check.findings,
            }
            self.stdout.write(json.dumps(answer))
        else:
            for finding in check.findings:
                self.stdout.write(f"NOT TRUE: {finding['rule']}: {finding['what']}")
            word = "balance" if check.ok else "DO NOT BALANCE"
            self.stdout.write(
                f"The books {word}: {check.entries} entries, {check.lines} lines checked."
            )
        if not check.ok:
            sys.exit(1)
