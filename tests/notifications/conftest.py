"""Fixtures of mail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notifications.mailserver import MailServer


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    """A mail server that takes what it is given; Django sends to it."""
    with MailServer() as listening:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", listening.port
        settings.EMAIL_TIMEOUT = 5
        yield listening
