"""Deny by default: no address is open, misplaced, undocumented or broken by oversight."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator

from apps.accounts.models import Profile
from tests.architecture.addresses import Address, every_address
from tests.conftest import BRAND_HOST, CONSOLE_HOST

pytestmark = pytest.mark.django_db
METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
READING = {"get", "head", "options"}

#: Open to strangers, and why. Everything else of the API asks who is there.
OPEN_API = {
    "/api/v1/schema": "a description of the API, the same for everybody",
    "/api/v1/docs": "the same description for people",
    "/api/v1/payments/health/": "apps and probes ask it before anybody signs in; no secrets",
}
PUBLIC_PAGES = {
    "/": "the front page",
    "/theme/{slug}.css": "a brand's colours",
    "/theme/{slug}.svg": "a brand's icon",
    "/favicon.ico": "the same icon, where browsers look for it",
    "/@{handle}/": "a creator's page; its form leads to sign-in",
    "/help/": "where to write to; who needs it may have no account",
    "/help/charges/": "whose a charge on a statement is: the brand alone, and seldom",
    "/checkout/ccbill/return/": "the processor sends the payer's browser here, signed",
    "/checkout/{public_id}/return/": "so do the others; what is not proved changes nothing",
}
#: Open to whoever has an address that we signed; any other is not found.
SIGNED_PAGES = {
    "/mail/unsubscribe/{token}/": "the link in a mail turns that kind off, without sign-in",
}
#: Leads to the console's home, which leads to sign-in.
HOME_FIRST = {"/admin/logout/": ("/admin/",)}
#: Not part of the API's description: they describe it, or lead elsewhere.
UNDESCRIBED = {"/api/v1/schema", "/api/v1/docs", "/api/v1/{rest}"}
#: 503 is an honest answer of these.
MAY_BE_UNAVAILABLE = {"/health/ready"}

ALL = every_address()
API = [address for address in ALL if address.template.startswith("/api/v1/")]
CONSOLE = [address for address in ALL if address.template.startswith("/admin/")]
PAGES = [
    address
    for address in ALL
    if address.owner.startswith(("apps.storefront.", "apps.notifications."))
]


def browser(host: str) -> Client:
    return Client(headers={"host": host}, raise_request_exception=False)


def send(client: Client, method: str, path: str) -> Any:
    if method in READING:
        return getattr(client, method)(path)
    return getattr(client, method)(path, data="{}", content_type="application/json")


def test_the_walk_finds_every_kind_of_address() -> None:
    assert min(len(API), len(CONSOLE), len(PAGES)) > 10
    assert all(resolve(address.path) for address in ALL)


def test_no_exception_outlives_its_address() -> None:
    exceptions = OPEN_API.keys() | PUBLIC_PAGES.keys() | SIGNED_PAGES.keys()
    exceptions |= UNDESCRIBED | MAY_BE_UNAVAILABLE

    assert exceptions <= {address.template for address in ALL}


@pytest.mark.parametrize("address", API, ids=str)
def test_the_api_asks_who_is_there(address: Address) -> None:
    client = browser(BRAND_HOST)
    answers = {method: send(client, method, address.path).status_code for method in METHODS}

    if address.template in OPEN_API:
        assert [answers.pop(method) for method in ("get", "head")] == [200, 200]
        answers.pop("options")
    assert set(answers.values()) <= {401, 403, 404, 405}, answers


@pytest.mark.parametrize("address", CONSOLE, ids=str)
def test_the_console_leads_strangers_to_sign_in(address: Address) -> None:
    client = browser(CONSOLE_HOST)
    for answer in (send(client, method, address.path) for method in METHODS):
        assert answer.status_code in {302, 404}
        if answer.status_code == 302:
            where = ("/admin/login/?", "/accounts/login/?", *HOME_FIRST.get(address.template, ()))
            assert answer["Location"].startswith(where)


@pytest.mark.parametrize("address", CONSOLE, ids=str)
def test_the_console_does_not_exist_on_a_brand(address: Address) -> None:
    client = browser(BRAND_HOST)

    assert {send(client, method, address.path).status_code for method in ("get", "post")} == {404}


@pytest.mark.parametrize("address", PAGES, ids=str)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_brands_pages_lead_strangers_to_sign_in(
    address: Address, method: str, creator: Profile
) -> None:
    answer = send(browser(BRAND_HOST), method, address.path)

    if address.template in PUBLIC_PAGES:
        assert answer.status_code in ({200, 422} if method == "get" else {302, 405, 422})
    elif address.template in SIGNED_PAGES:
        assert answer.status_code == 404
    else:
        assert answer.status_code == 302
        assert answer["Location"] == f"/accounts/login/?next={quote(address.path)}"


@pytest.mark.parametrize("address", [each for each in ALL if each not in API + CONSOLE], ids=str)
def test_nothing_breaks_for_strangers(address: Address, creator: Profile) -> None:
    """The API's and the console's answers to them are all known: see above."""
    _breaks_nothing(browser(BRAND_HOST), address)


@pytest.mark.parametrize("address", ALL, ids=str)
def test_nothing_breaks_for_fans(address: Address, fan: Profile) -> None:
    client = browser(CONSOLE_HOST if address in CONSOLE else BRAND_HOST)
    client.force_login(fan.user)
    _breaks_nothing(client, address)


def _breaks_nothing(client: Client, address: Address) -> None:
    for method in METHODS:
        status = send(client, method, address.path).status_code
        allowed = status == 503 and address.template in MAY_BE_UNAVAILABLE
        assert status < 500 or allowed, f"{method} {address.path}: {status}"


def test_the_schema_describes_every_method_of_the_api() -> None:
    described = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    expected = {
        address.template: _methods(address)
        for address in API
        if address.template not in UNDESCRIBED
    }

    assert {path: set(methods) for path, methods in described.items()} == expected


def _methods(address: Address) -> set[str]:
    view = address.view.cls  # type: ignore[attr-defined]  # set by DRF's as_view
    return {method for method in METHODS if hasattr(view, method)} - {"head", "options"}
