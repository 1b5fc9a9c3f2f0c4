"""What the real logging configuration writes: never a webhook's token."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from copy import deepcopy

import pytest
import structlog
from django.conf import settings as django_settings
from django.test import Client

TOKEN = "the-token-of-a-real-deployment"
PATH = f"/webhooks/ccbill/{TOKEN}/"


@pytest.fixture
def written():
    """The lines that the formatter of LOGGING makes of everything logged meanwhile."""
    configuration = deepcopy(django_settings.LOGGING)
    formatter = logging.config.DictConfigurator(configuration).configure_formatter(
        configuration["formatters"]["structured"]
    )
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    yield stream.getvalue
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def browser(settings):
    settings.CCBILL = settings.CCBILL | {"webhook_token": TOKEN}
    return Client(headers={"host": "testserver"}, raise_request_exception=False)


class TestTheTokenOfAWebhook:
    def test_is_not_in_the_log_of_a_refused_method(self, browser, written):
        assert browser.get(PATH).status_code == 405

        assert "Method Not Allowed" in written()
        assert "/webhooks/ccbill/[hidden]/" in written()
        assert TOKEN not in written()

    def test_is_not_in_the_log_of_an_address_that_does_not_exist(self, browser, written):
        assert browser.post(f"{PATH}more/").status_code == 404

        assert "/webhooks/ccbill/[hidden]/more/" in written()
        assert TOKEN not in written()

    @pytest.mark.django_db
    def test_is_not_in_the_log_of_a_failure_nor_in_its_traceback(
        self, browser, written, monkeypatch
    ):
        def fail(**_: object) -> None:
            raise RuntimeError(f"could not handle {PATH}?eventType=x")

        monkeypatch.setattr("apps.finance.payments.services.receive_webhook", fail)
        assert browser.post(PATH).status_code == 500

        assert "RuntimeError: could not handle /webhooks/ccbill/[hidden]/?eventType=x" in written()
        assert TOKEN not in written()

    @pytest.mark.parametrize(
        "said",
        [
            PATH,
            f"https://boyfanz.example{PATH}?eventType=x",
            PATH.rstrip("/"),
            PATH.replace("/", "%2F"),
            PATH.replace("/", "//"),
            PATH.upper(),
        ],
    )
    def test_is_hidden_in_any_field_however_deep(self, written, said):
        log = structlog.get_logger("test")
        message = f"went to {said}"
        log.warning(message, path=said, deep={"list": [said, (said,)]}, error=OSError(said))

        line = json.loads(written())
        assert TOKEN not in written().lower()
        assert line["event"].count("[hidden]") == line["error"].count("[hidden]") == 1
        assert str(line["deep"]).count("[hidden]") == 2


def test_other_values_stay_as_they_are(written):
    structlog.get_logger("test").warning(
        "webhooks.processed", count=3, path="/health/ready", ok=True, nothing=None
    )

    line = json.loads(written())
    assert (line["count"], line["path"], line["ok"]) == (3, "/health/ready", True)
    assert line["nothing"] is None
