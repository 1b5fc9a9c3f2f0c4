"""Mail that comes back after the server took it (RFC 3464) is known without anybody typing it."""

from __future__ import annotations

import textwrap
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.accounts.models import Profile
from apps.core.models import OutboxMessage
from apps.notifications import services as notifications
from apps.notifications import tasks
from apps.notifications.choices import State
from apps.notifications.models import Message
from apps.notifications.rules.names import message_id_of
from apps.notifications.rules.returned import Returned, returned_in
from tests.notifications.given import queued

#: As Postfix writes it; other servers leave fields out.
REPORT = """\
From: MAILER-DAEMON@mail.example (Mail Delivery System)
To: no-reply@fanz.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
    boundary="8F3C.17/mail.example"

This is a MIME-encapsulated message.

--8F3C.17/mail.example
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--8F3C.17/mail.example
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
X-Postfix-Queue-ID: 8F3C
Arrival-Date: Thu, 15 Jan 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{address}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example
Diagnostic-Code: smtp; 550 5.1.1 <{address}>: Recipient address
    rejected: User unknown

--8F3C.17/mail.example
Content-Type: {kind}

From: BoyFanz <no-reply@fanz.example>
To: {address}
Subject: [BoyFanz] Your receipt
Message-ID: {name}

--8F3C.17/mail.example--
"""
NAME = "<m7.0123456789abcdef@boyfanz.com>"
ADDRESS = "ann@mail.example"
WHY = f"5.1.1 550 5.1.1 <{ADDRESS}>: Recipient address rejected: User unknown"


def report(**changes: str) -> bytes:
    facts = {
        "name": NAME,
        "address": ADDRESS,
        "action": "failed",
        "status": "5.1.1",
        "kind": "message/rfc822",
        **changes,
    }
    return REPORT.format(**facts).encode()


class TestReading:
    @pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
    def test_says_which_mail_whom_it_was_for_and_why(self, kind: str) -> None:
        assert returned_in(report(kind=kind)) == Returned(NAME, ADDRESS, WHY)

    def test_line_ends_and_letters_do_not_matter(self) -> None:
        raw = report(action="Failed (for good)", address="Ann@Mail.example")
        found = returned_in(raw.replace(b"\n", b"\r\n"))
        assert found is not None
        assert (found.message_id, found.address) == (NAME, ADDRESS)

    def test_given_up_after_days_is_failed_too(self) -> None:
        assert returned_in(report(status="4.4.7")) is not None

    @pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", ""])
    def test_anything_but_failed_is_no_bounce(self, action: str) -> None:
        assert returned_in(report(action=action)) is None

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"Subject: Out of office\n\nI am away. " + NAME.encode(),
            report(name=""),
            report().replace(b"message/delivery-status", b"text/plain"),
            report().replace(b"multipart/report", b"multipart/mixed"),
            report()[:500],
        ],
    )
    def test_what_is_no_report_of_a_mail_is_none(self, raw: bytes) -> None:
        assert returned_in(raw) is None

    @for_all(st.binary(max_size=2_000))
    def test_nothing_that_is_sent_breaks_it(self, noise: bytes) -> None:
        returned_in(noise)
        returned_in(report()[:700] + noise + report()[700:])

    def test_parts_in_parts_without_end_are_none(self) -> None:
        nested = b"".join(
            b"Content-Type: multipart/report; boundary=%d\n\n--%d\n" % (n, n) for n in range(3_000)
        )
        assert returned_in(nested) is None


@pytest.mark.django_db
class TestTheBox:
    @pytest.fixture
    def box(self, tmp_path: Path) -> Path:
        for name in ("new", "cur", "tmp"):
            (tmp_path / name).mkdir()
        return tmp_path

    @pytest.fixture
    def sent(self, fan: Profile, now: datetime, mailoutbox: list[Any]) -> Message:
        row = queued(fan, now=now)
        notifications.send_due(now=now)
        row.refresh_from_db()
        assert row.state == State.SENT
        return row

    def name_of(self, row: Message, secret: str = "") -> str:
        return message_id_of(
            pk=row.pk, key=row.key, host="boyfanz.com", secret=secret or settings.SECRET_KEY
        )

    def read(self, box: Path, now: datetime, *raws: bytes) -> int:
        for number, raw in enumerate(raws):
            (box / "new" / f"17.{number}.host").write_bytes(raw)
        return notifications.read_returned(box=box, now=now)

    def test_a_mail_that_came_back_is_bounced_once_and_told(
        self, box: Path, sent: Message, now: datetime
    ) -> None:
        came = report(name=self.name_of(sent), address=sent.address.upper())

        assert self.read(box, now, came, came) == 1
        assert self.read(box, now) == 0

        sent.refresh_from_db()
        assert (sent.state, "User unknown" in sent.last_answer) == (State.BOUNCED, True)
        assert OutboxMessage.objects.filter(name="notifications.bounced").count() == 1
        assert sorted(each.name for each in (box / "cur").iterdir()) == [
            "17.0.host:2,S",
            "17.1.host:2,S",
        ]
        assert not list((box / "new").iterdir())

    def test_what_nobody_could_name_but_who_got_it_is_left_alone(
        self, box: Path, sent: Message, now: datetime
    ) -> None:
        true = self.name_of(sent)
        forged = [
            report(name=self.name_of(sent, secret="guessed"), address=sent.address),
            report(name=true.replace(f"m{sent.pk}.", f"m{sent.pk + 1}."), address=sent.address),
            report(name=true, address="somebody-else@mail.example"),
            report(name="<someone@elsewhere.example>", address=sent.address),
            textwrap.dedent("Subject: Hello\n\nWhere is my money?").encode(),
        ]

        assert self.read(box, now, *forged) == 0
        sent.refresh_from_db()
        assert sent.state == State.SENT
        assert not OutboxMessage.objects.filter(name="notifications.bounced").exists()
        assert len(list((box / "cur").iterdir())) == len(forged)

    def test_one_that_waits_to_be_sent_again_stays_queued(
        self, box: Path, fan: Profile, now: datetime
    ) -> None:
        waits = queued(fan, now=now)
        assert self.read(box, now, report(name=self.name_of(waits), address="")) == 0
        waits.refresh_from_db()
        assert waits.state == State.QUEUED

    def test_a_box_that_is_not_there_is_empty(self, tmp_path: Path, now: datetime) -> None:
        assert notifications.read_returned(box=tmp_path / "nowhere", now=now) == 0

    def test_the_tick_reads_where_the_setting_says_and_nothing_without_one(
        self, box: Path, sent: Message, settings: Any
    ) -> None:
        (box / "new" / "1").write_bytes(report(name=self.name_of(sent), address=sent.address))
        assert tasks.read_returned() == 0
        settings.MAIL_RETURN_BOX = str(box)
        assert tasks.read_returned() == 1
