"""``manage.py docs``: rewrite docs/reference, or with --check say what is out of date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.ops import exports


class Command(BaseCommand):
    help = "Rewrite the generated pages of docs/reference; --check only compares them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="exit 1 if a page is out of date")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "docs" / "reference"
        folder.mkdir(parents=True, exist_ok=True)
        pages = exports.reference_pages()
        there = {page.name: page.read_text() for page in folder.iterdir() if page.is_file()}
        stale = [name for name, text in pages.items() if there.get(name) != text]
        gone = [name for name in there if name not in pages and exports.GENERATED in there[name]]
        if check and (stale or gone):
            names = ", ".join([*stale, *gone])
            raise CommandError(f"Out of date: {names}. Run `make docs` and commit.")
        for name in stale:
            (folder / name).write_text(pages[name])
        for name in gone:
            (folder / name).unlink()
        self.stdout.write(f"{len(pages)} pages, {len(stale)} rewritten.")
