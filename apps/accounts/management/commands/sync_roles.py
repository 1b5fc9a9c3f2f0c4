"""Make the role groups equal to the table in apps/accounts/rules.py."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts import errors, services


class Command(BaseCommand):
    help = "Make the role groups equal to the table in apps/accounts/rules.py; safe to repeat."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            services.sync_roles()
        except errors.PermissionUnknown as error:
            raise CommandError(f"No app defines: {error.facts['missing']}") from error
        self.stdout.write("roles are as the table says")
