"""The generated pages say what the code says, each time in the same bytes."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.finance.payments.adapters import GATEWAYS
from apps.ops import exports
from apps.payouts import choices

PAGES = {
    "states.md",
    "errors.md",
    "events.md",
    "permissions.md",
    "clock.md",
    "ledger-events.md",
    "gateways.md",
    "webhooks.md",
    "openapi.yaml",
}


def docs(*options: str) -> str:
    out = StringIO()
    call_command("docs", *options, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.BASE_DIR = tmp_path
    return tmp_path / "docs" / "reference"


def test_the_same_code_gives_the_same_bytes() -> None:
    first, second = exports.reference_pages(), exports.reference_pages()

    assert first == second
    assert set(first) == PAGES
    assert all(text.endswith("\n") and text.strip() for text in first.values())


def test_tells_every_state_event_error_role_and_tick() -> None:
    pages = exports.reference_pages()

    assert all(f"    {state} -->" in pages["states.md"] for state in choices.NEXT)
    assert "payments.captured" in pages["events.md"]
    assert "`payouts.below_minimum` | Invalid" in pages["errors.md"]
    assert "`payouts.approve_payout`" in pages["permissions.md"]
    assert "payouts.send_approved" in pages["clock.md"]
    assert "| 2000 Fan wallets | profile:3 |  | 150.00 |" in pages["ledger-events.md"]
    assert "/api/v1/payments/payouts/" in pages["openapi.yaml"]
    assert all(f"| `{name}` | " in pages["gateways.md"] for name in GATEWAYS)


def test_writes_what_is_missing_and_rewrites_nothing_else(folder: Path) -> None:
    first, second = docs(), docs()

    assert first == "9 pages, 9 rewritten."
    assert second == "9 pages, 0 rewritten."
    assert {page.name for page in folder.iterdir()} == PAGES


def test_the_check_finds_a_stale_page_and_changes_nothing(folder: Path) -> None:
    docs()
    (folder / "errors.md").write_text("old\n")

    with pytest.raises(CommandError, match=r"Out of date: errors\.md\. Run `make docs`"):
        docs("--check")

    assert (folder / "errors.md").read_text() == "old\n"


def test_the_check_finds_a_page_that_nothing_generates_any_more(folder: Path) -> None:
    docs()
    (folder / "gone.md").write_text(f"# Gone\n\n{exports.GENERATED}")

    with pytest.raises(CommandError, match=r"gone\.md"):
        docs("--check")
    docs()

    assert not (folder / "gone.md").exists()
