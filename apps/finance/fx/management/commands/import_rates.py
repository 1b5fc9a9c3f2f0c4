"""``manage.py import_rates FILE [--source KRAKEN]``: record a source's exchange rates."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.errors import DomainError
from apps.finance.fx import services as fx
from apps.finance.fx.choices import ECB


class Command(BaseCommand):
    help = (
        "Record exchange rates from a file: the ECB's eurofxref CSV or XML (unzipped), or a CSV"
        " with the columns on,base,quote,rate from a named source. Importing again is harmless."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", default=ECB, help="who published them (default: ECB)")
        parser.add_argument("--reason", default="", help="why, for the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = fx.import_rates(
                path=options["file"],
                source=options["source"],
                by=None,
                reason=options["reason"],
                now=timezone.now(),
            )
        except DomainError as error:
            facts = ", ".join(f"{name}: {value}" for name, value in error.facts.items())
            raise CommandError(f"{error} ({facts}) Nothing was recorded.") from error
        self.stdout.write(f"{done.read} rates read, {done.recorded} of them new or corrected.")
