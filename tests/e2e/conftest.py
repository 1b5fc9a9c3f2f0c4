"""A browser against the running platform: web server, sandbox and worker's tasks are real."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, Page, sync_playwright

from sandbox.config import default
from tests.factories.payments import MerchantAccountFactory
from tests.sandbox import fixtures
from tests.sandbox.control import Sandbox

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
#: Run as root, in containers and without a network: no sandbox of its own, no calls home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
]
#: A page that is not there after this is broken, not slow.
PATIENCE_MILLISECONDS = 20_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        warnings.warn("NO BROWSER FOUND: the browser tests did not run", stacklevel=1)
        pytest.skip("no Chromium: install one, or name it in CHROMIUM")
    # Playwright's loop runs in this thread; Django then takes every query for one in async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def someone(browser: Browser) -> Iterator[Callable[[], Page]]:
    """``someone()``: a new person's browser, with cookies of its own."""
    contexts = []

    def open_page() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def site(live_server: Any, settings: Any) -> Iterator[Site]:
    """The platform and a sandbox that know each other's addresses."""
    port = int(live_server.url.rsplit(":", 1)[1])
    config = default(
        origin=f"http://{{brand}}.localhost:{port}",
        webhook_origin=f"http://localhost:{port}",
        ccbill_salt=django_settings.CCBILL["salt"],
        ccbill_webhook_token=django_settings.CCBILL["webhook_token"],
        paxum_email=django_settings.PAXUM["from_email"],
        paxum_secret=django_settings.PAXUM["shared_secret"],
        paxum_account_id=django_settings.PAXUM["account_id"],
    )
    sandbox_port = fixtures.free_port()
    url = f"http://127.0.0.1:{sandbox_port}"
    settings.CCBILL = {
        **settings.CCBILL,
        "flexforms_url": f"{url}/ccbill/wap-frontflex/flexforms",
        "datalink_url": f"{url}/ccbill/datalink",
    }
    settings.PAXUM = {**settings.PAXUM, "api_url": f"{url}/paxum/payment/api/paymentAPI.php"}
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**policy, "form-action": ["'self'", url]}}
    process = fixtures.start(sandbox_port, SANDBOX_CONFIG=config.to_json())
    yield Site(port, Sandbox(url))
    fixtures.stop(process)


class Site:
    """Addresses of the running platform."""

    def __init__(self, port: int, sandbox: Sandbox) -> None:
        self.port = port
        self.sandbox = sandbox

    def url(self, brand: str, path: str = "/") -> str:
        return f"http://{brand}.localhost:{self.port}{path}"

    def open_for_business(self, cluster: Any) -> None:
        """Give a brand its account at the gateway."""
        MerchantAccountFactory.of(cluster)
