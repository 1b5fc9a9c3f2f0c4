"""Recompute a file of examples of processors' protocols: one line each, 1 if any differs."""

from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import Invalid
from apps.ops.services.vectors import Verdict, check_file


class Command(BaseCommand):
    help = (
        "Recompute every example of a file with the code that speaks to the processors. Prints "
        "one line each: ok, differs, unknown (no construction known for it), not implemented "
        "(no adapter here), sample (it has no secret). Ends with 1 if one differs."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="JSON: sections of examples, or by name.")

    def handle(self, *_: Any, file: Path, **__: Any) -> None:
        try:
            checked = check_file(file.read_bytes())
        except (OSError, Invalid) as error:
            raise CommandError(f"{file}: {error}", returncode=2) from error
        for each in checked:
            line = f"{each.verdict.value:16}{each.processor:16}{each.id}"
            self.stdout.write(f"{line}: {each.why}" if each.why else line)
        counts = Counter(each.verdict for each in checked)
        self.stdout.write(", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict))
        if counts[Verdict.DIFFERS]:
            raise CommandError("Some differ.", returncode=1)
