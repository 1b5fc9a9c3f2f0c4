"""Mail in FanzDash: what is shown, to whom, at what price, and what staff do with it."""

from __future__ import annotations

import html

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.audit import selectors as audit
from apps.notifications import errors
from apps.notifications import services as notifications
from apps.notifications.choices import State, What
from apps.notifications.models import Message
from tests.factories.accounts import ProfileFactory
from tests.notifications.given import queued

pytestmark = pytest.mark.django_db
LIST = "/admin/notifications/message/"


@pytest.fixture
def bounced(fan, now, mailoutbox):
    row = queued(fan, now=now)
    notifications.send_due(now=now)
    notifications.record_bounce(key="a-key", reason="550 5.1.1 no such box", now=now)
    return row


def do(client, name, row, reason="Asked by phone"):
    return client.post(f"{LIST}do/{name}/", {"ids": [row.pk], "reason": reason}, follow=True)


def test_the_page_shows_the_words_in_a_frame_where_nothing_runs(console, bounced):
    page = console("support").get(f"{LIST}{bounced.pk}/change/").content.decode()
    assert "It did not arrive." in page
    assert "550 5.1.1 no such box" in page
    assert "We charged $12.34" in page
    frame = page.split("<iframe")[1].split(">")[0]
    assert " sandbox " in frame
    assert "allow-" not in frame
    assert "srcdoc=" in frame
    assert "Your receipt: $12.34" in html.unescape(page)


def test_a_page_whose_words_are_gone_says_so(console, bounced):
    Message.objects.update(context={}, text="", subject="", address="")
    page = console("support").get(f"{LIST}{bounced.pk}/change/").content.decode()
    assert "Its words were emptied" in page or "did not arrive" in page
    assert "<iframe" not in page


@pytest.mark.parametrize("role", ["payouts", "security", "moderator"])
def test_others_do_not_see_mail(console, bounced, role):
    client = console(role)
    for path in (LIST, f"{LIST}{bounced.pk}/change/"):
        assert client.get(path).status_code == 403


def test_compliance_reads_and_sends_nothing(console, bounced):
    client = console("compliance")
    assert client.get(LIST).status_code == 200
    assert do(client, "again", bounced).status_code == 403
    assert Message.objects.get().state == State.BOUNCED


def test_lists_ask_as_much_for_many_rows_as_for_one(console, fan, now):
    client = console("support")
    asked = []
    for count in (1, 30):
        for number in range(count):
            person = ProfileFactory.create(cluster=fan.cluster)
            queued(person, key=f"{count}:{number}", now=now)
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_the_queue_holds_what_nobody_has_looked_at(console, bounced, now):
    client = console("support")
    assert str(bounced.user) in client.get(f"{LIST}?queue=look").content.decode()
    assert "Mail that did not arrive" in client.get("/admin/").content.decode()

    do(client, "looked", bounced, "Wrote to them on the site")
    assert str(bounced.user) not in client.get(f"{LIST}?queue=look").content.decode()
    row = Message.objects.get()
    assert row.state == State.BOUNCED
    last = row.history.latest("id")
    assert (last.what, last.note, last.by) == (
        What.LOOKED_AT, "Wrote to them on the site", client.user,
    )  # fmt: skip


def test_sent_again_it_goes_to_the_address_of_now(console, bounced, now, mailoutbox):
    bounced.user.email = "new@example.com"
    bounced.user.save()
    client = console("support")
    do(client, "again", bounced)
    assert Message.objects.get().state == State.QUEUED
    notifications.send_due(now=Message.objects.get().next_attempt_at)

    assert [mail.to for mail in mailoutbox][1:] == [["new@example.com"]]
    assert mailoutbox[0].extra_headers["Message-ID"] == mailoutbox[1].extra_headers["Message-ID"]
    [record] = audit.records(actor_id=client.user.pk, action="notifications.")
    assert (record.action, record.reason) == ("notifications.sent_again", "Asked by phone")


def test_staff_mark_what_came_back(console, fan, now, mailoutbox):
    row = queued(fan, now=now)
    notifications.send_due(now=now)
    client = console("support")
    do(client, "bounced", row, "The provider's page says so")
    assert Message.objects.get().state == State.BOUNCED
    assert Message.objects.get().history.latest("id").note == "The provider's page says so"


@pytest.mark.parametrize(
    ("state", "act"),
    [
        (State.QUEUED, notifications.send_again),
        (State.WITHDRAWN, notifications.send_again),
        (State.SUPPRESSED, notifications.send_again),
        (State.QUEUED, notifications.mark_bounced),
        (State.SENT, notifications.look_at),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(staff, fan, now, state, act):
    row = queued(fan, now=now)
    Message.objects.update(state=state)
    with pytest.raises(errors.WrongState):
        act(message_id=row.pk, by=staff("support"), reason="x", now=now)
    assert Message.objects.get().state == state
    assert not row.history.exists()


@pytest.mark.parametrize(
    "act", [notifications.send_again, notifications.mark_bounced, notifications.look_at]
)
def test_it_takes_the_right_a_reason_and_a_message(staff, bounced, now, act):
    with pytest.raises(errors.ManagingNotAllowed):
        act(message_id=bounced.pk, by=staff("finance"), reason="x", now=now)
    with pytest.raises(errors.ReasonMissing):
        act(message_id=bounced.pk, by=staff("support"), reason="  ", now=now)
    with pytest.raises(errors.MessageNotFound):
        act(message_id=0, by=staff("support"), reason="x", now=now)
    assert Message.objects.get().state == State.BOUNCED


def test_search_finds_by_person_thing_and_message_id(console, bounced, mailoutbox):
    client = console("support")
    name = mailoutbox[0].extra_headers["Message-ID"]
    for term in (bounced.user.email.upper(), "subscription:7", "a-key", name, str(bounced.pk)):
        page = client.get(LIST, {"q": term}).content.decode()
        assert f"{LIST}{bounced.pk}/change/" in page, term
    for term in ("subscription:8", name.replace(".", ".0", 1), "nobody@example.com"):
        page = client.get(LIST, {"q": term}).content.decode()
        assert f"{LIST}{bounced.pk}/change/" not in page, term
