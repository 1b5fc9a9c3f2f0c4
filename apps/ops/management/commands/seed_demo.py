"""``manage.py seed_demo``: the demo's data, once; prints the logins."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm  # type: ignore[import-untyped]  # no stubs among our packages

from apps.ops import services
from apps.ops.management.quiet import quiet


class Command(BaseCommand):
    help = "Make demo data on a development database; does nothing when it is there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the logins as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT_DOMAINS:
            raise CommandError("Demo data has public passwords: development only.")
        # A thousand calls, some meant to fail; what stays in doubt is part of the story, and an
        # error that is not ends the command.
        with (
            quiet(logging.CRITICAL),
            tqdm(
                total=services.DEMO_DAYS, unit="day", file=sys.stderr, disable=None, delay=3
            ) as bar,
        ):
            logins = services.seed_demo(now=timezone.now(), on_day=bar.update)
        if options["json"]:
            self.stdout.write(json.dumps(logins))
            return
        for person in [*logins["staff"], logins["fan"], logins["creator"]]:
            self.stdout.write("  ".join(person.values()))
