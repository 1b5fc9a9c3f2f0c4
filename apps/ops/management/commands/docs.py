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
        pages = exports.reference_pages()
        stale = [
            name
            for name, text in pages.items()
            if not (folder / name).exists() or (folder / name).read_text() != text
        ]
        if check and stale:
            raise CommandError(f"Out of date: {', '.join(stale)}. Run `make docs` and commit.")
        for name in stale:
            (folder / name).write_text(pages[name])
        self.stdout.write(f"{len(pages)} pages, {len(stale)} rewritten.")
