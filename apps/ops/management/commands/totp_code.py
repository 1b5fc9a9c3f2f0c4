"""``manage.py totp_code KEY``: the code an authenticator app would show now."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management.base import BaseCommand, CommandParser

#: RFC 6238, section 4: the step an authenticator app uses unless told otherwise.
STEP_SECONDS = 30


class Command(BaseCommand):
    help = "Print the current code of a TOTP key, to sign in as the demo staff."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="the base32 key that `make run` printed")

    def handle(self, *args: Any, key: str, **options: Any) -> None:
        code = hotp_value(key, int(time.time()) // STEP_SECONDS)
        self.stdout.write(format_hotp_value(code))
