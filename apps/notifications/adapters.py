"""Django's mail backend, its errors put into three words; and the box mail comes back to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from enum import Enum
from pathlib import Path
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException
from types import TracebackType

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from apps.notifications.rules.letters import Written
from apps.notifications.rules.waiting import is_permanent


class Outcome(Enum):
    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"  #: the address, for good
    IMPOSSIBLE = "impossible"  #: this message, for good
    AWAY = "away"  #: no server answered


@dataclass(frozen=True, slots=True)
class Answer:
    outcome: Outcome
    text: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to leave."""

    written: Written
    address: str
    brand: str
    message_id: str
    reply_to: str


class Post:
    """One connection to the mail server, for as many letters as it carries."""

    def __init__(self) -> None:
        self._connection = get_connection()

    def __enter__(self) -> Post:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hang_up()

    def open(self) -> Answer:
        """Reach the server, before the first letter or after a connection broke."""
        try:
            self._connection.open()
        except OSError as error:  # SMTP errors and sockets alike
            self._hang_up()
            return Answer(Outcome.AWAY, _words(error))
        return Answer(Outcome.TAKEN)

    def send(self, letter: Letter) -> Answer:
        """Hand a letter to the server. Whatever went wrong, the next letter begins anew."""
        try:
            _mail(letter, self._connection).send()
        except SMTPRecipientsRefused as error:
            self._hang_up()
            code, said = next(iter(error.recipients.values()), (550, b""))
            refused = Outcome.REFUSED if is_permanent(code) else Outcome.LATER
            return Answer(refused, f"{code} {_text(said)}")
        except SMTPResponseException as error:
            self._hang_up()
            return Answer(_of_response(error), f"{error.smtp_code} {_text(error.smtp_error)}")
        except OSError as error:
            self._hang_up()
            return Answer(Outcome.LATER, _words(error))
        except ValueError as error:  # no address, or a header that cannot be written
            self._hang_up()
            return Answer(Outcome.IMPOSSIBLE, _words(error))
        return Answer(Outcome.TAKEN)

    def _hang_up(self) -> None:
        try:
            self._connection.close()
        except OSError:
            self._connection = get_connection()


class ReturnBox:
    """A Maildir that the mail server delivers to: what nobody has read is in ``new``. One that is
    not there yet is empty."""

    def __init__(self, directory: Path) -> None:
        self._new, self._cur = directory / "new", directory / "cur"

    def unread(self, limit: int, most: int) -> Iterator[tuple[str, bytes]]:
        """Yield names and up to ``most`` bytes of so many that wait, the oldest first."""
        names = sorted(each.name for each in self._new.glob("[!.]*"))
        for name in names[:limit]:
            try:
                with (self._new / name).open("rb") as file:
                    raw = file.read(most)
            except FileNotFoundError:  # another reader was faster
                continue
            yield name, raw

    def mark_seen(self, name: str) -> None:
        """Keep it as read; one that another reader moved is left."""
        self._cur.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            (self._new / name).rename(self._cur / f"{name}:2,S")


def _mail(letter: Letter, connection: object) -> EmailMultiAlternatives:
    written = letter.written
    headers = {
        "Auto-Submitted": "auto-generated",  # RFC 3834
        "Message-ID": letter.message_id,
    }
    if written.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{written.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    sender = formataddr((letter.brand, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))
    mail = EmailMultiAlternatives(
        subject=written.subject,
        body=written.text,
        from_email=sender,
        to=[letter.address],
        reply_to=[letter.reply_to],
        connection=connection,
        headers=headers,
    )
    mail.attach_alternative(written.html, "text/html")
    return mail


def _of_response(error: SMTPResponseException) -> Outcome:
    """Some servers know only after the text that there is no such box (RFC 3463: X.1.x)."""
    said = _text(error.smtp_error)
    is_about_address = isinstance(error, SMTPDataError) and said.startswith("5.1.")
    return Outcome.REFUSED if is_about_address else Outcome.LATER


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
