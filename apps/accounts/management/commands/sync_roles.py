"""Make the role groups equal to the table in apps/accounts/rules.py."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts import errors, services


class Command(BaseCommand):
    help = "Make the role groups equal to the table in apps/accounts/rules.py; safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--allow-missing", action="store_true", help="Skip permissions no app defines."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            missing = services.sync_roles(allow_missing=options["allow_missing"])
        except errors.PermissionUnknown as error:
            raise CommandError(f"No app defines: {error.facts['missing']}") from error
        for name in missing:
            self.stderr.write(f"no app defines {name}")
        self.stdout.write("roles are as the table says")
