"""Mail leaves once, and what does not arrive is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core.models import OutboxMessage
from apps.notifications import errors, selectors
from apps.notifications import services as notifications
from apps.notifications.choices import State, What
from apps.notifications.models import Message
from apps.notifications.rules.kinds import KINDS
from apps.notifications.rules.names import is_of, number_in
from apps.notifications.rules.waiting import LEASE, WAITS, WORKS_FOR
from apps.notifications.services import send
from tests.factories.accounts import ProfileFactory
from tests.notifications.given import queued

pytestmark = pytest.mark.django_db


def told():
    return [(each.name, each.payload["key"]) for each in OutboxMessage.objects.order_by("id")]


def history(row):
    return [(step.what, step.note) for step in row.history.order_by("id")]


class TestALetter:
    def test_has_both_forms_the_brands_name_and_says_that_nobody_wrote_it(self, fan, server, now):
        row = queued(fan, now=now)
        assert notifications.send_due(now=now) == 1

        [letter] = server.letters
        assert letter["From"] == "BoyFanz <no-reply@fanz.example>"
        assert letter["To"] == fan.user.email
        assert letter["Reply-To"] == "support@boyfanz.localhost"
        assert letter["Subject"] == "[BoyFanz] Your receipt: $12.34 for Leo <3"
        assert letter["Auto-Submitted"] == "auto-generated"
        assert letter.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in letter.iter_parts()] == [
            "text/plain", "text/html",
        ]  # fmt: skip
        assert letter["List-Unsubscribe"] is None
        assert number_in(letter["Message-ID"]) == row.pk
        assert is_of(letter["Message-ID"], pk=row.pk, key="a-key", secret=settings.SECRET_KEY)
        assert letter["Message-ID"].endswith("@boyfanz.localhost>")

    def test_that_is_optional_can_be_ended_by_mail_programs(self, fan, server, now):
        queued(fan, "goal.reached", now=now)
        notifications.send_due(now=now)

        [letter] = server.letters
        address = letter["List-Unsubscribe"].strip(" <>")
        assert address.startswith("http://boyfanz.localhost:8000/mail/unsubscribe/")
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        text = letter.get_body(("plain",)).get_content()
        assert address in text.replace("=\n", "")

    def test_is_kept_in_the_words_that_were_sent(self, fan, server, now):
        row = queued(fan, now=now)
        notifications.send_due(now=now)
        row.refresh_from_db()

        sent = server.letters[0].get_body(("plain",)).get_content().replace("\r\n", "\n")
        assert row.text == sent
        assert (row.state, row.ended_at, row.address) == (State.SENT, now, fan.user.email)
        assert (row.claimed_until, row.attempts, len(row.digest)) == (None, 1, 64)
        assert history(row) == [(What.SENT, "")]


class TestInTime:
    def test_it_waits_for_its_time(self, fan, now, mailoutbox):
        queued(fan, send_at=now + timedelta(days=3), now=now)
        assert notifications.send_due(now=now + timedelta(days=3, seconds=-1)) == 0
        assert notifications.send_due(now=now + timedelta(days=3)) == 1
        assert notifications.send_due(now=now + timedelta(days=3)) == 0
        assert len(mailoutbox) == 1

    def test_the_longest_waiting_goes_first_and_no_more_than_asked(self, fan, now, mailoutbox):
        for hours, key in ((1, "young"), (3, "old"), (2, "middle")):
            queued(fan, key=key, send_at=now - timedelta(hours=hours), now=now)
        assert notifications.send_due(now=now, limit=2) == 2
        assert Message.objects.get(state=State.QUEUED).key == "young"

    def test_what_is_no_news_any_more_is_given_up_and_seen(self, fan, now, mailoutbox):
        row = queued(fan, now=now)
        late = now + KINDS["subscription.receipt"].news_for + timedelta(seconds=1)
        assert notifications.send_due(now=late) == 0

        row.refresh_from_db()
        assert row.state == State.FAILED
        assert not mailoutbox
        assert selectors.has_bounced("subscription:7", "subscription.receipt")
        assert told() == [("notifications.failed", "a-key")]

    def test_a_full_batch_of_unwanted_mail_holds_up_nothing(self, fan, now, mailoutbox):
        notifications.unsubscribe(user_id=fan.user_id, kind="goal.reached", now=now)
        for number in range(send.BATCH):
            queued(fan, "goal.reached", key=f"g{number}", now=now - timedelta(hours=1))
        queued(fan, now=now)
        assert notifications.send_due(now=now) == 1
        assert Message.objects.filter(state=State.SUPPRESSED).count() == send.BATCH

    def test_looking_for_what_is_due_reads_an_index_of_what_waits(self, fan, now):
        queued(fan, send_at=now + timedelta(days=1), now=now)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            due = Message.objects.filter(state=State.QUEUED, next_attempt_at__lte=now)
            plan = due.order_by("next_attempt_at", "id")[:20].explain()
        assert "mail_due" in plan
        with CaptureQueriesContext(connection) as queries:
            assert notifications.send_due(now=now) == 0
        assert len([q for q in queries if "SELECT" in q["sql"]]) == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("to_recipient", "to_text"),
        [("550 5.1.1 no such box", None), (None, "550 5.1.1 no such box")],
    )
    def test_an_address_refused_for_good_bounces_at_once(
        self, fan, server, now, to_recipient, to_text
    ):
        server.to_recipient, server.to_text = to_recipient, to_text
        row = queued(fan, now=now)
        assert notifications.send_due(now=now) == 0

        row.refresh_from_db()
        assert (row.state, row.last_answer) == (State.BOUNCED, "550 5.1.1 no such box")
        assert told() == [("notifications.bounced", "a-key")]
        assert selectors.has_bounced("subscription:7", "subscription.receipt")
        assert notifications.send_due(now=now + timedelta(days=1)) == 0

    @pytest.mark.parametrize(
        ("to_recipient", "to_text"),
        [("450 4.2.0 greylisted", None), (None, "451 4.3.0 later"), (None, "554 5.7.1 spam")],
    )
    def test_whatever_may_pass_is_tried_again_and_given_up_in_the_end(
        self, fan, server, now, to_recipient, to_text
    ):
        server.to_recipient, server.to_text = to_recipient, to_text
        row = queued(fan, now=now)
        at = now
        for number, wait in enumerate(WAITS, 1):
            assert notifications.send_due(now=at) == 0
            row.refresh_from_db()
            assert (row.state, row.attempts) == (State.QUEUED, number)
            assert row.next_attempt_at == at + wait
            assert notifications.send_due(now=at + wait - timedelta(seconds=1)) == 0
            at += wait
        notifications.send_due(now=at)

        row.refresh_from_db()
        assert (row.state, row.attempts) == (State.FAILED, len(WAITS) + 1)
        assert [what for what, _ in history(row)] == [What.TRIED] * len(WAITS) + [What.FAILED]
        assert told() == [("notifications.failed", "a-key")]

    def test_a_server_that_is_away_uses_up_one_try_of_one_message(self, fan, server, now):
        for key in ("a", "b", "c"):
            queued(fan, key=key, now=now)
        server.shutdown()
        server.server_close()
        assert notifications.send_due(now=now) == 0

        tried = list(Message.objects.order_by("id").values_list("attempts", "claimed_until"))
        assert tried == [(1, None), (0, None), (0, None)]

    def test_one_refused_does_not_stop_the_others(self, fan, server, now):
        server.to_recipient = "550 5.1.1 no such box"
        queued(fan, key="a", now=now - timedelta(minutes=1))
        for key in ("b", "c"):
            queued(ProfileFactory.create(cluster=fan.cluster), key=key, now=now)
        notifications.send_due(now=now, limit=1)
        server.to_recipient = None
        assert notifications.send_due(now=now) == 2
        assert dict(Message.objects.values_list("key", "state")) == {
            "a": State.BOUNCED, "b": State.SENT, "c": State.SENT,
        }  # fmt: skip

    def test_an_address_that_is_none_is_given_up(self, fan, server, now):
        fan.user.email = "nobody@"
        fan.user.save()
        row = queued(fan, now=now)
        assert notifications.send_due(now=now) == 0
        row.refresh_from_db()
        assert row.state in {State.FAILED, State.BOUNCED}

    def test_a_person_without_address_is_given_up(self, fan, now, mailoutbox):
        fan.user.email = ""
        fan.user.save()
        row = queued(fan, now=now)
        assert notifications.send_due(now=now) == 0
        row.refresh_from_db()
        assert (row.state, row.last_answer) == (State.FAILED, "The person has no address")

    def test_a_text_that_cannot_be_written_stops_nobody_else(
        self, fan, now, settings, tmp_path, mailoutbox
    ):
        broken = tmp_path / "emails" / "boyfanz" / "goal"
        broken.mkdir(parents=True)
        (broken / "reached.txt").write_text("{% nonsense %}", encoding="utf-8")
        template, *others = settings.TEMPLATES
        settings.TEMPLATES = [{**template, "DIRS": [tmp_path, *template["DIRS"]]}, *others]
        queued(fan, "goal.reached", key="broken", now=now - timedelta(minutes=1))
        queued(fan, key="whole", now=now)

        assert notifications.send_due(now=now) == 1
        assert Message.objects.get(key="broken").state == State.QUEUED
        assert Message.objects.get(key="whole").state == State.SENT


class TestBounces:
    def test_mail_that_came_back_later_is_known_once(self, fan, now, mailoutbox):
        row = queued(fan, now=now)
        notifications.send_due(now=now)
        assert not selectors.has_bounced("subscription:7", "subscription.receipt")

        later = now + timedelta(hours=2)
        assert notifications.record_bounce(key="a-key", reason="Box full", now=later)
        assert not notifications.record_bounce(message=row.pk, reason="Box full", now=later)
        assert selectors.has_bounced("subscription:7", "subscription.receipt")
        assert not selectors.has_bounced("subscription:7", "subscription.ended")
        assert told() == [("notifications.bounced", "a-key")]

    def test_mail_that_never_left_cannot_bounce(self, fan, now):
        queued(fan, now=now)
        with pytest.raises(errors.WrongState):
            notifications.record_bounce(key="a-key", reason="x", now=now)
        with pytest.raises(errors.MessageNotFound):
            notifications.record_bounce(key="nobody", reason="x", now=now)
        assert told() == []

    def test_a_newer_one_that_arrived_makes_up_for_it(self, fan, now, mailoutbox):
        queued(fan, now=now)
        notifications.send_due(now=now)
        notifications.record_bounce(key="a-key", reason="Box full", now=now)
        queued(fan, key="newer", now=now)
        notifications.send_due(now=now)
        assert not selectors.has_bounced("subscription:7", "subscription.receipt")

    def test_many_things_are_asked_for_in_one_query(self, fan, now, django_assert_num_queries):
        for number in range(5):
            queued(fan, key=f"k{number}", subject_ref=f"subscription:{number}", now=now)
        notifications.send_due(now=now)
        notifications.record_bounce(key="k3", reason="Box full", now=now)
        refs = [f"subscription:{number}" for number in range(9)]
        kind = "subscription.receipt"
        with django_assert_num_queries(3):
            assert selectors.not_reached(refs, kind) == {"subscription:3"}
            assert selectors.states_about(refs, kind)["subscription:3"] == State.BOUNCED
            told_all = selectors.told_about(refs)
        assert [each.key for each in told_all] == [f"k{number}" for number in range(5)]


def test_kinds_that_say_so_tell_that_they_were_sent(fan, now, mailoutbox):
    for kind in ("payment.receipt", "subscription.receipt", "subscription.trial_ending"):
        queued(fan, kind, key=kind, now=now)
    notifications.send_due(now=now)
    assert told() == [
        ("notifications.sent", "payment.receipt"),
        ("notifications.sent", "subscription.trial_ending"),
    ]


def test_words_are_emptied_after_their_time_and_the_fact_stays(fan, now, settings, mailoutbox):
    settings.MAIL_TEXT_KEPT_DAYS = 30
    row = queued(fan, now=now)
    waiting = queued(fan, key="waits", send_at=now + timedelta(days=90), now=now)
    notifications.send_due(now=now)
    assert notifications.empty_old(now=now + timedelta(days=30)) == 0
    assert notifications.empty_old(now=now + timedelta(days=30, seconds=1)) == 1
    assert notifications.empty_old(now=now + timedelta(days=60)) == 0

    row.refresh_from_db()
    assert (row.text, row.subject, row.address, row.context) == ("", "", "", {})
    assert (row.state, row.ended_at, row.user_id) == (State.SENT, now, fan.user_id)
    assert len(row.digest) == 64
    assert Message.objects.get(pk=waiting.pk).context


def test_the_words_of_what_proves_something_are_kept_longer(fan, server, now, settings):
    settings.MAIL_TEXT_KEPT_DAYS, settings.MAIL_PROOF_KEPT_DAYS = 30, 90
    kept = queued(fan, "subscription.price_change", key="proof", now=now)
    notifications.send_due(now=now)
    assert notifications.empty_old(now=now + timedelta(days=90)) == 0
    assert Message.objects.get(pk=kept.pk).text
    assert notifications.empty_old(now=now + timedelta(days=90, seconds=1)) == 1
    assert not Message.objects.get(pk=kept.pk).text


def test_sending_needs_nobodys_transaction(now):
    with pytest.raises(RuntimeError, match="inside a transaction"), transaction.atomic():
        notifications.send_due(now=now)


def test_the_lease_is_longer_than_all_waiting_for_the_server(settings):
    steps = 8  # connect, greet, encrypt, greet, sign in, from, to, text
    assert WORKS_FOR + timedelta(seconds=steps * settings.EMAIL_TIMEOUT) < LEASE
