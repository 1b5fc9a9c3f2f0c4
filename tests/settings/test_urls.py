"""Addresses of the API: forgiving where it is safe, problems where there is nothing."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
HOST = {"host": "boyfanz.localhost"}


class TestAddresses:
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_without_a_version_lead_to_the_first_with_method_and_query(self, method):
        client = Client(headers=HOST, enforce_csrf_checks=True)

        answer = getattr(client, method)("/api/payments/tips/?a=1")

        assert answer.status_code == 308
        assert answer["Location"] == "/api/v1/payments/tips/?a=1"

    def test_without_the_closing_slash_lead_to_it(self):
        client = Client(headers=HOST, enforce_csrf_checks=True)

        answer = client.post("/api/v1/payments/tips?a=1", {}, content_type="application/json")

        assert answer.status_code == 308
        assert answer["Location"] == "/api/v1/payments/tips/?a=1"

    @pytest.mark.parametrize("path", ["/api/v1/nope", "/api/v1/nope/", "/api/v1/"])
    def test_that_do_not_exist_are_problems_also_while_developing(self, settings, path):
        settings.DEBUG = True

        answer = Client(headers=HOST).get(path)

        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "request.not_found"


class TestDocs:
    @pytest.mark.parametrize("path", ["/api/v1/docs", "/api/v1/docs/"])
    def test_may_run_their_own_script_and_nothing_inline(self, path):
        answer = Client(headers=HOST).get(path)

        assert answer.status_code == 200
        policy = answer["Content-Security-Policy"]
        assert "script-src" not in policy
        assert "default-src 'self'" in policy.split("; ")
        assert b"<script>" not in answer.content

    @pytest.mark.parametrize("path", ["/api/v1/schema", "/api/v1/schema/"])
    def test_have_a_schema(self, path):
        assert Client(headers=HOST).get(path).status_code == 200
