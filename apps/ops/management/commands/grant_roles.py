"""Give the application's role of the database exactly what it needs: after every migration."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction

SQL = Path(__file__).resolve().parents[2] / "sql" / "application_role.sql"


class Command(BaseCommand):
    help = "Grant the role of web, worker and beat what it needs, and nothing more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="The role; it must exist.")

    def handle(self, *_: Any, role: str, **__: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('fanz.application_role', %s, true)", [role])
            cursor.execute(SQL.read_text())
        self.stdout.write(f"{role} may do the work of the application, and nothing else.")
