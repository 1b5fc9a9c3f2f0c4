"""Every refusal of the API is a problem (RFC 9457) with a stable code and the request's id."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework import exceptions
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from apps.core import errors
from tests.factories.accounts import UserFactory

HEADERS = {"host": "boyfanz.localhost", "x-request-id": "test-request-1"}


class Fails(APIView):
    permission_classes = ()
    throttle_classes = ()
    error: Exception = errors.Invalid()

    def post(self, request):
        if request.data is not None:
            raise self.error
        raise AssertionError


def answer_to(error: Exception):
    request = APIRequestFactory().post("/api/v1/x/", {"a": 1}, format="json")
    force_authenticate(request, None)
    return Fails.as_view(error=error)(request)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Invalid(), 422, "error"),
        (errors.NotFound(), 404, "error"),
        (errors.NotAllowed(), 403, "error"),
        (errors.Conflict(), 409, "error"),
        (errors.Unavailable(), 503, "error"),
        (exceptions.ValidationError({"a": ["no"]}), 422, "request.invalid"),
        (exceptions.ParseError(), 400, "request.parse_error"),
        (exceptions.PermissionDenied(), 403, "request.permission_denied"),
        (exceptions.NotFound(), 404, "request.not_found"),
        (exceptions.MethodNotAllowed("POST"), 405, "request.method_not_allowed"),
        (exceptions.UnsupportedMediaType("a/b"), 415, "request.unsupported_media_type"),
        (exceptions.Throttled(wait=7), 429, "request.throttled"),
    ],
)
def test_each_refusal_has_its_status_and_code(db, error, status, code):
    response = answer_to(error)

    assert (response.status_code, response.data["status"]) == (status, status)
    assert response.data["code"] == code
    assert response.content_type == "application/problem+json"


def test_unavailable_and_throttled_say_when_to_come_back(db):
    assert answer_to(errors.Unavailable()).headers["Retry-After"] == "30"
    assert answer_to(exceptions.Throttled(wait=7)).headers["Retry-After"] == "7"


class TestOverHttp:
    @pytest.mark.parametrize(
        ("send", "status"),
        [
            (lambda c: c.get("/api/v1/payments/transactions/"), 401),
            (lambda c: c.get("/api/v1/nowhere/"), 404),
        ],
    )
    def test_a_stranger_gets_problems(self, db, send, status):
        response = send(Client(headers=HEADERS))

        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["request_id"] == response.headers["X-Request-ID"]

    @pytest.mark.parametrize(
        ("method", "body", "kind", "status"),
        [
            ("post", "{", "application/json", 400),
            ("post", "[" * 100_000, "application/json", 400),
            ("post", "a", "text/plain", 415),
            ("put", "{}", "application/json", 405),
        ],
    )
    def test_a_person_gets_problems(self, db, method, body, kind, status):
        client = Client(headers=HEADERS)
        client.force_login(UserFactory.create())

        response = getattr(client, method)(
            "/api/v1/payments/deposits/",
            body,
            content_type=kind,
            headers={"idempotency-key": "k"},
        )

        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["request_id"] == "test-request-1"

    def test_a_missing_page_is_a_page(self, db):
        response = Client(headers=HEADERS).get("/no/such/page/")

        assert response.status_code == 404
        assert response.headers["Content-Type"].startswith("text/html")
