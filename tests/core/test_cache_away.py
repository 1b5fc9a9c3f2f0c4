"""Without Valkey who is signed in stays so; who is not waits, as tries cannot be counted."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache, caches
from django.test import Client

from apps.core import throttling
from fanz.sessions import COPY_SECONDS, SessionStore
from tests.conftest import BRAND_HOST
from tests.core.misbehaving import frozen_port, refusing_port

pytestmark = pytest.mark.django_db
MOST_SECONDS = 4


@pytest.fixture
def browser(fan):
    browser = Client(headers={"host": BRAND_HOST}, raise_request_exception=False)
    browser.force_login(fan.user)
    return browser


@pytest.fixture
def stranger():
    return Client(headers={"host": BRAND_HOST}, raise_request_exception=False)


@pytest.fixture(params=[refusing_port, frozen_port], ids=["refused", "frozen"])
def lose_cache(request, browser, settings):
    """Call it to take the cache away; it is back when the test ends."""
    usual = settings.CACHES
    with request.param() as port:
        location = f"redis://127.0.0.1:{port}/1"

        def lose():
            settings.CACHES = {"default": usual["default"] | {"LOCATION": location}}
            forget_valkey()

        yield lose
    settings.CACHES = usual
    forget_valkey()


def forget_valkey():
    throttling._valkey.cache_clear()
    throttling._script.cache_clear()


def test_a_signed_in_fan_sees_the_wallet(browser, lose_cache):
    lose_cache()
    started = time.monotonic()

    assert browser.get("/wallet/").status_code == 200
    assert time.monotonic() - started < MOST_SECONDS


def test_the_api_answers_uncounted(browser, lose_cache):
    lose_cache()
    started = time.monotonic()

    answer = browser.get("/api/v1/me/")

    assert answer.status_code == 200
    assert "RateLimit-Limit" not in answer
    assert time.monotonic() - started < MOST_SECONDS


def test_signing_in_waits(stranger, fan, lose_cache):
    lose_cache()
    sessions = Session.objects.count()

    answer = stranger.post("/accounts/login/", {"login": fan.user.email, "password": "x"})

    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert "Not right now" in answer.content.decode()
    assert Session.objects.count() == sessions


def test_signing_in_by_the_api_waits(stranger, fan, lose_cache):
    lose_cache()

    answer = stranger.post(
        "/_allauth/app/v1/auth/login",
        {"email": fan.user.email, "password": "x"},
        content_type="application/json",
    )

    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "request.unavailable"


def test_signing_out_ends_the_session(browser, lose_cache):
    key = browser.session.session_key
    lose_cache()

    SessionStore(key).flush()

    assert not Session.objects.filter(pk=key).exists()
    assert browser.get("/wallet/").status_code == 302


def test_a_copy_in_the_cache_is_believed_for_five_minutes_only(browser):
    store = SessionStore(browser.session.session_key)
    store["seen"] = 1
    store.save()

    backend: Any = caches["default"]
    left = backend._cache.get_client().ttl(cache.make_key(store.cache_key))
    assert 0 < left <= COPY_SECONDS == 300
