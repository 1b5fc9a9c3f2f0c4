"""Signing up, proving an address, a forgotten password: through the pages, as a person does."""

import re

import pytest
from django.test import Client

from apps.accounts.models import Profile, User
from tests.factories.accounts import PASSWORD, CreatorFactory, ProfileFactory

pytestmark = pytest.mark.django_db
NEW = "correct-horse-9"


@pytest.fixture
def visitor():
    return Client(headers={"host": "boyfanz.localhost"})


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def link_in(mail):
    return re.findall(r"http://boyfanz\.localhost(/\S+)", mail.body)[0]


def sign_in(client, email, password):
    return client.post("/accounts/login/", {"login": email, "password": password})


def test_a_new_person_signs_up_proves_the_address_and_becomes_a_creator(visitor, mailoutbox):
    sent = visitor.post(
        "/accounts/signup/", {"email": "new@mail.example", "password1": NEW}, follow=True
    )
    assert "Open the mail we sent you" in text_of(sent)
    assert mailoutbox[0].subject.startswith("[BoyFanz] ")
    assert sign_in(visitor, "new@mail.example", NEW)["Location"] == "/accounts/confirm-email/"
    assert visitor.get("/wallet/").status_code == 302

    link = link_in(mailoutbox[0])
    assert "<strong>new@mail.example</strong>" in text_of(visitor.get(link))
    visitor.post(link)
    assert sign_in(visitor, "new@mail.example", NEW)["Location"] == "/"

    response = visitor.post(
        "/become-creator/",
        {"display_name": "Max", "handle": "max", "bio": "Hello."},
        follow=True,
    )
    assert "Your page is open" in text_of(response)
    profile = Profile.objects.get(user__email="new@mail.example")
    assert (profile.handle, profile.bio, profile.is_creator) == ("max", "Hello.", True)


def test_a_short_password_is_refused_and_the_address_kept(visitor):
    page = text_of(
        visitor.post("/accounts/signup/", {"email": "new@mail.example", "password1": "short-1"})
    )
    assert "at least 10 characters" in page
    assert 'value="new@mail.example"' in page
    assert not User.objects.filter(email="new@mail.example").exists()


def test_a_link_that_proves_nothing_says_what_to_do(visitor):
    assert "This link has expired" in text_of(visitor.get("/accounts/confirm-email/nonsense/"))


def test_a_forgotten_password_is_replaced_by_mail_once(visitor, mailoutbox):
    email = ProfileFactory.create().user.email
    asked = visitor.post("/accounts/password/reset/", {"email": email}, follow=True)
    assert "If there is an account" in text_of(asked)
    link = link_in(mailoutbox[0])
    form = visitor.get(link, follow=True)
    done = visitor.post(
        form.request["PATH_INFO"], {"password1": NEW, "password2": NEW}, follow=True
    )
    assert "Your password is changed" in text_of(done)
    assert sign_in(visitor, email, PASSWORD).status_code == 200
    assert sign_in(visitor, email, NEW)["Location"] == "/"
    other = Client(headers={"host": "boyfanz.localhost"})
    assert "Ask for a new link" in text_of(other.get(link, follow=True))


def test_an_unknown_address_gets_the_same_answer(visitor):
    asked = visitor.post("/accounts/password/reset/", {"email": "no@mail.example"}, follow=True)
    assert "If there is an account" in text_of(asked)


def test_a_profile_is_edited_and_refusals_stand_at_their_field(visitor):
    CreatorFactory.create(handle="taken")
    profile = CreatorFactory.create(handle="leo", display_name="Leo")
    visitor.force_login(profile.user)
    page = {"display_name": "Leo Hart", "handle": "taken", "bio": "New"}

    refused = text_of(visitor.post("/profile/", page))
    assert 'id="id_handle_error">This name is taken' in refused
    assert 'value="Leo Hart"' in refused
    profile.refresh_from_db()
    assert (profile.handle, profile.display_name) == ("leo", "Leo")

    assert visitor.post("/profile/", page | {"handle": "leo-2"})["Location"] == "/profile/"
    profile.refresh_from_db()
    assert (profile.handle, profile.display_name, profile.bio) == ("leo-2", "Leo Hart", "New")


def test_a_creator_is_not_asked_to_become_one(visitor):
    visitor.force_login(CreatorFactory.create(handle="leo").user)
    assert visitor.get("/become-creator/")["Location"] == "/profile/"
