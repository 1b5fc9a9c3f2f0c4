"""``manage.py ledger_check [--json]``: prove the books; exit 1 with what is wrong."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.finance.ledger import services as ledger


class Command(BaseCommand):
    help = "Verify every rule of the books from their rows; exit 1 with what was found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        check = ledger.check_books(now=timezone.now())
        if options["json"]:
            answer = {
                "ok": check.ok,
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
