"""OPS-3: what a load balancer asks."""

import time

import pytest
from django.test import Client

from tests.core.misbehaving import frozen_port

#: A probe that waits longer is taken for dead by orchestrators.
MOST_SECONDS = 8


@pytest.mark.django_db
class TestLive:
    def test_answers_on_any_host_without_touching_the_database(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            answer = Client(headers={"host": "127.0.0.1"}).get("/health/live")

        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
class TestReady:
    def test_names_every_part(self):
        answer = Client(headers={"host": "127.0.0.1"}).get("/health/ready")

        assert answer.status_code == 200
        assert answer.json() == {
            "status": "ok",
            "checks": {"database": "ok", "migrations": "ok", "cache": "ok", "broker": "ok"},
        }

    def test_is_unavailable_when_a_part_is_down_and_tells_no_address(self, settings):
        settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

        answer = Client(headers={"host": "127.0.0.1"}).get("/health/ready")

        assert answer.status_code == 503
        assert answer.json()["status"] == "unavailable"
        assert answer.json()["checks"]["broker"] == "OperationalError"
        assert "127.0.0.1" not in answer.content.decode()

    def test_does_not_wait_for_a_broker_that_never_answers(self, settings):
        with frozen_port() as port:
            settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{port}/0"
            asked_at = time.monotonic()

            answer = Client(headers={"host": "127.0.0.1"}).get("/health/ready")

        assert answer.status_code == 503
        assert time.monotonic() - asked_at < MOST_SECONDS
