"""The API's documentation is there for a person's eyes, without another host."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_the_api_docs_show_the_calls(site, someone):
    page = someone()
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(site.url("boyfanz", "/api/v1/docs/"))

    expect(page.get_by_text("/api/v1/payments/tips/").first).to_be_visible()
    assert all(url.startswith((site.url("boyfanz", ""), "data:", "blob:")) for url in asked), asked
