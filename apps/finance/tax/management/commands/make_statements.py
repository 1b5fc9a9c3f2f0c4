"""``manage.py make_statements NEC 2026 --reason ... > file.csv``: a year's statements as CSV."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.errors import DomainError
from apps.finance.tax import exports
from apps.finance.tax import services as tax
from apps.finance.tax.choices import Form, RunState


class Command(BaseCommand):
    help = "Make a form for a year from the books as they are now, and write its file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("form", choices=Form.values)
        parser.add_argument("year", type=int)
        parser.add_argument("--reason", required=True, help="for the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = tax.request_statements(
                form=Form(options["form"]),
                year=options["year"],
                by=None,
                reason=options["reason"],
                now=timezone.now(),
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        while run.state != RunState.DONE:
            tax.make_step(now=timezone.now())
            run.refresh_from_db()
        for line in exports.statement_csv(run):
            self.stdout.write(line, ending="")
