"""The process itself: where it may not run, what survives it, how it delivers."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from sandbox.config import default, from_json
from tests.sandbox import fixtures
from tests.sandbox.control import Sandbox
from tests.sandbox.merchant import Merchant, open_merchant
from tests.sandbox.test_ccbill import link


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    with open_merchant(refusals=1) as server:
        yield server


def config_for(merchant_port: int) -> str:
    config = default(
        webhook_origin=f"http://127.0.0.1:{merchant_port}",
        ccbill_salt=settings.CCBILL["salt"],
        ccbill_webhook_token="token",
        paxum_email="p@x.example",
        paxum_secret="s",
        paxum_account_id="1",
    )
    return config.to_json().replace("[1.0, 5.0, 30.0, 120.0, 600.0]", "[0.1, 0.1]")


@pytest.mark.parametrize(
    "environ", [{"DJANGO_SETTINGS_MODULE": "fanz.settings.production"}, {"FANZ_ENV": "production"}]
)
def test_refuses_to_start_beside_production_settings(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "sandbox", "--port", str(fixtures.free_port())]

    run = subprocess.run(
        command, cwd=fixtures.ROOT, env=environ, capture_output=True, check=False, timeout=30
    )

    assert run.returncode == 1
    assert b"production" in run.stderr


def test_delivers_until_accepted_and_remembers_after_a_restart(
    merchant: Merchant, tmp_path: Path
) -> None:
    port, state = fixtures.free_port(), tmp_path / "state.json"
    config = config_for(merchant.server_port)
    sandbox = Sandbox(f"http://127.0.0.1:{port}")
    process = fixtures.start(port, state=state, SANDBOX_CONFIG=config)
    sandbox.scenario("ccbill", webhook="twice")

    sandbox.pay(link())
    got = merchant.wait_for(3)
    fixtures.stop(process)
    again = fixtures.start(port, state=state, SANDBOX_CONFIG=config)
    charges = sandbox.charges("order-1")
    fixtures.stop(again)

    assert len(got) == 3
    assert got[0].path.startswith("/webhooks/ccbill/token/?clientAccnum=900000&clientSubacc=0002")
    assert [charge["price"] for charge in charges] == ["25.00"]


def test_reads_back_the_configuration_it_wrote() -> None:
    config = from_json(config_for(9))

    assert from_json(config.to_json()) == config
    assert config.ccbill[0].subaccounts["0009"].descriptor == "CCBILL.COM *FANZCOCK"
