"""A request sent twice is carried out once (PAY-9)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Lock

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from apps.core import events
from apps.core.errors import Conflict, Unavailable
from apps.core.idempotency import LEASE, idempotent
from apps.core.models import IdempotencyRecord
from tests.factories.accounts import UserFactory

PATH = "/api/v1/test/"


class Refused(Conflict):
    code = "test.refused"


class Away(Unavailable):
    code = "test.away"


class Counting(APIView):
    """Counts its runs; what happens next is said by ``outcome``."""

    throttle_classes = ()
    runs = 0
    outcome: Exception | None = None
    lock = Lock()

    @idempotent
    def post(self, request):
        with self.lock:
            Counting.runs += 1
        if self.outcome:
            raise self.outcome
        return Response({"run": Counting.runs}, status=201)


@pytest.fixture(autouse=True)
def _from_zero():
    Counting.runs, Counting.outcome = 0, None


def send(user, *, key="k", body=None, path=PATH):
    headers = {} if key is None else {"Idempotency-Key": key}
    request = APIRequestFactory().post(path, body or {"a": 1}, format="json", headers=headers)
    force_authenticate(request, user)
    response = Counting.as_view()(request)
    return response.render() if hasattr(response, "render") else response


@pytest.fixture
def user(db):
    return UserFactory.create()


class TestAnswers:
    def test_the_same_request_again_gets_the_stored_answer_and_is_told_so(self, user):
        first, second = send(user), send(user)

        assert (first.status_code, second.status_code) == (201, 201)
        assert first.content == second.content == b'{"run":1}'
        assert second.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers
        assert Counting.runs == 1

    def test_another_body_is_refused(self, user):
        send(user)
        other = send(user, body={"a": 2})

        assert (other.status_code, other.data["code"]) == (422, "idempotency.key_reused")
        assert Counting.runs == 1

    def test_another_order_of_the_members_is_the_same_body(self, user):
        send(user, body={"a": 1, "b": 2})

        assert send(user, body={"b": 2, "a": 1}).headers["Idempotent-Replayed"] == "true"

    @pytest.mark.parametrize(
        ("key", "code"),
        [
            (None, "idempotency.key_required"),
            ("", "idempotency.key_required"),
            ("x" * 65, "idempotency.key_malformed"),
            ("a b", "idempotency.key_malformed"),
            ("é", "idempotency.key_malformed"),
        ],
    )
    def test_a_missing_or_malformed_key_is_refused(self, user, key, code):
        response = send(user, key=key)

        assert (response.status_code, response.data["code"]) == (422, code)
        assert (Counting.runs, IdempotencyRecord.objects.count()) == (0, 0)

    def test_a_key_belongs_to_one_person_and_path(self, user):
        send(user)
        send(UserFactory.create())
        send(user, path="/api/v1/other/")

        assert Counting.runs == 3

    def test_a_refusal_by_a_service_is_final(self, user):
        Counting.outcome = Refused()
        first = send(user)
        Counting.outcome = None
        second = send(user)

        assert (first.status_code, second.status_code) == (409, 409)
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("outcome", [Away(), ValidationError("no")])
    def test_what_came_to_nothing_may_be_repeated(self, user, outcome):
        Counting.outcome = outcome
        send(user)
        Counting.outcome = None

        assert send(user).status_code == 201

    def test_an_answer_is_never_forgotten(self, user, now):
        send(user)
        long_ago = timezone.now() - timedelta(days=3650)
        IdempotencyRecord.objects.update(created_at=long_ago, answered_at=long_ago)

        events.forget_delivered(now=timezone.now())

        assert send(user).headers["Idempotent-Replayed"] == "true"


class TestRuns:
    def running(self, user, *, until) -> None:
        send(user)
        IdempotencyRecord.objects.update(
            status=None, answered_at=None, body="", lease_until=until,
            lease="00000000-0000-0000-0000-000000000001",
        )  # fmt: skip

    def test_a_running_one_is_not_run_beside(self, user):
        self.running(user, until=timezone.now() + LEASE)

        response = send(user)

        assert (response.status_code, response.data["code"]) == (409, "idempotency.in_progress")
        assert int(response.headers["Retry-After"]) > 0
        assert Counting.runs == 1

    def test_a_run_that_died_can_be_repeated_after_its_lease(self, user):
        self.running(user, until=timezone.now() - timedelta(seconds=1))

        assert (send(user).status_code, Counting.runs) == (201, 2)

    def test_a_crash_frees_the_key(self, user):
        Counting.outcome = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError):
            send(user)
        Counting.outcome = None

        assert send(user).status_code == 201

    @pytest.mark.django_db(transaction=True)
    def test_twenty_at_once_run_once(self, transactional_db):
        user = UserFactory.create()

        def one(_):
            try:
                return send(user).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(20) as pool:
            codes = list(pool.map(one, range(20)))

        assert Counting.runs == 1
        assert codes.count(201) >= 1
        assert set(codes) <= {201, 409}
