"""People turn mail off: by the link in it, with one click, and signed in."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.audit import selectors as audit
from apps.notifications import selectors
from apps.notifications import services as notifications
from apps.notifications.choices import State
from apps.notifications.exports import unsubscribe_url
from apps.notifications.models import Message, Suppression
from apps.notifications.rules.kinds import KINDS, OPTIONAL
from tests.conftest import BRAND_HOST
from tests.notifications.given import queued

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def stranger():
    """A mail program: no cookies, no token against forgery, which is checked here."""
    return Client(headers={"host": BRAND_HOST}, enforce_csrf_checks=True)


def path_of(profile, kind="goal.reached"):
    url = unsubscribe_url(user_id=profile.user_id, kind=kind, brand=profile.cluster)
    return "/" + url.split("/", 3)[3]


def test_looking_at_the_link_changes_nothing(stranger, fan):
    answer = stranger.get(path_of(fan))
    assert answer.status_code == 200
    assert "No more “Goals reached”?" in answer.content.decode()
    assert stranger.head(path_of(fan)).status_code == 200
    assert not Suppression.objects.exists()


def test_one_click_of_a_mail_program_ends_it_at_once(stranger, fan, now, mailoutbox):
    queued(fan, "goal.reached", now=now)
    for _ in range(2):
        answer = stranger.post(path_of(fan), ONE_CLICK)
        assert answer.status_code == 200  # RFC 8058 3.2: no redirect
    assert "Done: no more “Goals reached”" in answer.content.decode()

    assert selectors.unwanted_by(fan.user_id) == {"goal.reached"}
    assert notifications.send_due(now=now) == 0
    assert Message.objects.get().state == State.SUPPRESSED
    assert not mailoutbox
    actions = [row.action for row in audit.records(action="notifications.")]
    assert actions == ["notifications.unsubscribed"]


def test_other_kinds_and_receipts_still_come(stranger, fan, now, mailoutbox):
    stranger.post(path_of(fan), ONE_CLICK)
    for kind in ("subscription.win_back", "subscription.receipt"):
        queued(fan, kind, key=kind, now=now)
    assert notifications.send_due(now=now) == 2


def test_the_page_of_the_link_sets_all_that_can_be_chosen(stranger, fan):
    stranger.post(path_of(fan), {"choose": "yes", "kinds": ["goal.reached", "no.such"]})
    assert selectors.unwanted_by(fan.user_id) == {
        kind.name for kind in OPTIONAL
    } - {"goal.reached"}  # fmt: skip
    answer = stranger.post(
        path_of(fan), {"choose": "yes", "kinds": [kind.name for kind in OPTIONAL]}
    )
    assert "Your choice is saved" in answer.content.decode()
    assert not Suppression.objects.exists()


def test_the_link_names_nobody(stranger, fan):
    assert fan.user.email not in stranger.get(path_of(fan)).content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_of_another_brand_or_of_nobody_is_not_found(stranger, fan, girlfanz, method):
    other = unsubscribe_url(user_id=fan.user_id, kind="goal.reached", brand=girlfanz)
    send = getattr(stranger, method)
    good = path_of(fan)
    for path in ("/" + other.split("/", 3)[3], good[:-5] + "xxxx/", "/mail/unsubscribe/x/"):
        assert send(path).status_code == 404
    assert not Suppression.objects.exists()


def test_what_cannot_be_turned_off_is_refused_even_with_a_good_link(stranger, fan):
    answer = stranger.post(path_of(fan, "subscription.receipt"), ONE_CLICK)
    assert answer.status_code == 404
    assert not Suppression.objects.exists()


def test_signed_in_people_choose_on_a_page_of_their_own(fan):
    client = Client(headers={"host": BRAND_HOST})
    assert client.get("/mail/preferences/")["Location"].startswith("/accounts/login/")
    assert client.post("/mail/preferences/", {"kinds": []}).status_code == 302
    assert not Suppression.objects.exists()

    client.force_login(fan.user)
    page = client.get("/mail/preferences/").content.decode()
    assert all(kind.title in page for kind in OPTIONAL)
    assert KINDS["subscription.receipt"].title not in page
    answer = client.post("/mail/preferences/", {"kinds": ["goal.reached"]}, follow=True)
    assert "Your choice is saved" in answer.content.decode()
    assert "goal.reached" not in selectors.unwanted_by(fan.user_id)
    assert len(selectors.unwanted_by(fan.user_id)) == len(OPTIONAL) - 1


def test_a_forged_post_changes_nothing(fan):
    client = Client(headers={"host": BRAND_HOST}, enforce_csrf_checks=True)
    client.force_login(fan.user)
    assert client.post("/mail/preferences/", {"kinds": []}).status_code == 403
    assert not Suppression.objects.exists()
