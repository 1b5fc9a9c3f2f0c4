"""Check the audit log's chain; exit 1 with what is wrong."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.audit import selectors


class Command(BaseCommand):
    help = "Verify the chain of the audit log: an edit, a gap and a cut tail are found."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *_args: Any, **options: Any) -> None:
        verdict = selectors.verify_chain()
        if options["json"]:
            self.stdout.write(json.dumps({"ok": verdict.ok, **asdict(verdict)}))
        else:
            state = "unbroken" if verdict.ok else "BROKEN"
            self.stdout.write(f"{verdict.sealed} sealed, {verdict.waiting} waiting: {state}")
            for finding in verdict.findings:
                self.stdout.write(f"  {finding.kind} at number {finding.number}")
        if not verdict.ok:
            sys.exit(1)
