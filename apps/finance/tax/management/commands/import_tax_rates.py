"""``manage.py import_tax_rates FILE``: enter tax rates, to be confirmed in FanzDash."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.errors import DomainError
from apps.finance.tax import services as tax


class Command(BaseCommand):
    help = (
        "Enter tax rates from a file like apps/finance/tax/data/eu_uk_vat.csv. Nothing is"
        " collected by them until a person has confirmed each and a brand has turned tax on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            read, created = tax.import_rates(path=options["file"], by=None, now=timezone.now())
        except DomainError as error:
            facts = ", ".join(f"{name}: {value}" for name, value in error.facts.items())
            raise CommandError(f"{error} ({facts}) Nothing was entered.") from error
        self.stdout.write(f"{read} rates read, {created} new; each waits to be confirmed.")
