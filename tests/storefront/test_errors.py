"""Pages for when something is not as it should be wear the brand's look."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client

from tests.factories.accounts import CreatorFactory

pytestmark = pytest.mark.django_db
BOY = {"headers": {"host": "boyfanz.localhost"}}


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.mark.parametrize("path", ["/nowhere/", "/@nobody/", "/admin/"])
def test_what_is_not_there_is_said_in_the_brands_look(client, path):
    response = client.get(path, **BOY)
    assert response.status_code == 404
    assert "There is nothing here · BoyFanz</title>" in text_of(response)
    assert "/theme/boyfanz.css" in text_of(response)


def test_a_form_without_its_token_asks_to_send_it_again():
    CreatorFactory.create(handle="leo")
    strict = Client(enforce_csrf_checks=True, headers={"host": "boyfanz.localhost"})
    response = strict.post("/@leo/", {"preset": "25"})
    assert response.status_code == 403
    assert "Please send that again · BoyFanz</title>" in text_of(response)


def test_too_many_tries_are_told_to_wait(client):
    wrong = {"login": "who@mail.example", "password": "wrong"}
    tries = [client.post("/accounts/login/", wrong, **BOY) for _ in range(6)]
    assert [response.status_code for response in tries] == [200] * 5 + [429]
    assert "Too many tries · BoyFanz</title>" in text_of(tries[-1])


def test_a_failure_of_ours_needs_nothing_to_say_so():
    page = render_to_string("500.html")
    assert "Something went wrong" in page
    assert "before paying again" in page


def test_browsers_find_the_mark_where_they_look_unasked(client):
    response = client.get("/favicon.ico", **BOY)
    assert response["Content-Type"] == "image/svg+xml"
    assert "#FF0040" in response.content.decode()
