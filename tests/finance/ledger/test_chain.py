"""The hash chain: computed again by another program, and broken by whatever touches the past."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Block, Entry
from apps.finance.ledger.selectors import chain
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db

MEMO = 'quote " backslash \\ tab \t line\nbell \x07 € 🙂 </script>'


@pytest.fixture(autouse=True)
def _books(now: datetime) -> None:
    """Three deposits, one with a memo of all kinds of characters, and a reversal; two blocks."""
    by = StaffFactory.create()
    for number in (1, 2):
        deposit(number, now)
    ledger.roll_forward(now=now)
    third = deposit(3, now + timedelta(microseconds=7))
    ledger.reverse(entry_id=third, by=by, reason="Ünïcode", now=now)
    ledger.roll_forward(now=now)


def deposit(number: int, now: datetime) -> int:
    draft = postings.wallet_deposit(
        transaction_id=number,
        fan_id=3,
        gateway="ccbill",
        amount=Money(100_00, "USD"),
        processing_fee=Money(5_00, "USD"),
        cluster="boyfanz",
    )
    with transaction.atomic():
        return ledger.post(draft._replace(memo=MEMO), now=now).entry_id


def tamper(sql: str) -> None:
    """Do what the guards refuse, as only a superuser can."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        assert cursor.rowcount
        cursor.execute("SET LOCAL session_replication_role = origin")


# --- The reference: written from the document, not from the SQL -------------------------------
def text_of(entry: Entry) -> str:
    return json.dumps(
        [
            entry.pk,
            entry.kind,
            entry.source,
            bytes(entry.request_hash).hex(),
            entry.line_count,
            entry.cluster,
            entry.effective_on.isoformat(),
            entry.posted_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            entry.reverses_id,
            entry.corrects_id,
            entry.actor_id,
            entry.memo,
            [
                [
                    line.n,
                    line.account.code,
                    line.account.owner,
                    line.currency,
                    line.amount_minor,
                    line.effective_on.isoformat(),
                ]
                for line in entry.lines.select_related("account").order_by("n")
            ],
        ],
        ensure_ascii=False,
    )


def hash_of(number: int, first: int, last: int, previous: str) -> str:
    entries = list(Entry.objects.filter(pk__range=(first, last)).order_by("pk"))
    head = json.dumps([number, first, last, len(entries), previous])
    digest = hashlib.sha256(head.encode())
    for entry in entries:
        digest.update(hashlib.sha256(text_of(entry).encode()).digest())
    return digest.hexdigest()


class TestBlocks:
    def test_are_what_an_independent_program_computes(self) -> None:
        previous, first = chain.ORIGIN, 1
        blocks = list(Block.objects.order_by("number"))

        assert [(block.number, block.entries) for block in blocks] == [(1, 2), (2, 2)]
        for block in blocks:
            assert (block.first_id, block.previous_hash) == (first, previous)
            assert block.hash == hash_of(block.number, first, block.last_id, previous)
            previous, first = block.hash, block.last_id + 1

    def test_verify(self) -> None:
        assert chain.broken_blocks(first=1, last=2) == []

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE ledger_entry SET memo = 'other' WHERE source = 'transaction:1:captured'",
            "UPDATE ledger_entry SET posted_at = posted_at + interval '1 microsecond'"
            " WHERE source = 'transaction:1:captured'",
            "UPDATE ledger_line SET amount_minor = amount_minor * 2 WHERE entry_id ="
            " (SELECT min(id) FROM ledger_entry)",
            "UPDATE ledger_account SET owner = 'profile:4' WHERE owner = 'profile:3'",
            "DELETE FROM ledger_line WHERE n = 1",
            "DELETE FROM ledger_entry WHERE source = 'transaction:1:captured'",
        ],
    )
    def test_whatever_touches_the_past_breaks_them(self, sql: str) -> None:
        first = Block.objects.get(number=1)
        tamper(sql)

        assert chain.broken_blocks(first=1, last=1) == [
            f"block 1 (entries 1 to {first.last_id}): its entries are not those it was built from"
        ]

    def test_a_rebuilt_block_no_longer_leads_to_the_next(self) -> None:
        tamper("UPDATE ledger_entry SET memo = '' WHERE source = 'transaction:1:captured'")
        tamper(
            "UPDATE ledger_block b SET hash = (SELECT h.hash FROM"
            " ledger_block_hash(1, 1, b.last_id, b.previous_hash) h) WHERE number = 1"
        )

        (broken,) = chain.broken_blocks(first=1, last=2)
        assert broken.startswith("block 2")
        assert broken.endswith("it does not follow the block before it")

    def test_a_removed_block_leaves_a_gap(self) -> None:
        tamper("DELETE FROM ledger_block WHERE number = 1")

        assert len(chain.broken_blocks(first=1, last=2)) == 1

    def test_are_never_changed(self) -> None:
        for sql in ("UPDATE ledger_block SET entries = 9", "DELETE FROM ledger_block"):
            with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
                connection.cursor().execute(sql)

        assert chain.broken_blocks(first=1, last=2) == []


class TestLinkOf:
    def test_names_the_block_of_an_entry_and_whether_it_verifies(self) -> None:
        entry = Entry.objects.get(source="transaction:3:captured")

        link = chain.link_of(entry.pk)
        assert link is not None
        assert (link.number, link.entries, link.verifies) == (2, 2, True)

        tamper("UPDATE ledger_entry SET memo = 'x' WHERE source = 'transaction:3:captured'")
        link = chain.link_of(entry.pk)
        assert link is not None
        assert not link.verifies

    def test_is_nothing_until_the_block_is_built(self, now: datetime) -> None:
        assert chain.link_of(deposit(5, now)) is None


class TestRoots:
    def test_are_printed_and_compared(self, tmp_path: Path) -> None:
        out, kept = StringIO(), tmp_path / "roots.jsonl"
        call_command("ledger_roots", "--json", stdout=out)
        kept.write_text(out.getvalue())
        lines = [json.loads(line) for line in out.getvalue().splitlines()]
        assert [line["number"] for line in lines] == [1, 2]
        assert lines[1]["hash"] == Block.objects.get(number=2).hash

        out = StringIO()
        call_command("ledger_roots", "--compare", str(kept), stdout=out)
        assert out.getvalue() == "2 roots compared, 0 differ.\n"

    def test_find_a_chain_that_was_cut_or_written_anew(self, tmp_path: Path) -> None:
        out, kept = StringIO(), tmp_path / "roots.jsonl"
        call_command("ledger_roots", "--json", stdout=out)
        kept.write_text(out.getvalue())
        tamper("DELETE FROM ledger_block WHERE number = 2")

        out = StringIO()
        with pytest.raises(SystemExit) as exit_:
            call_command("ledger_roots", "--compare", str(kept), stdout=out)

        assert exit_.value.code == 1
        assert "NOT TRUE: block 2" in out.getvalue()
        assert "now missing" in out.getvalue()


def test_the_command_rolls_until_nothing_is_left(now: datetime) -> None:
    last = deposit(7, now)
    out = StringIO()

    call_command("ledger_roll", "--limit", "1", stdout=out)

    assert out.getvalue() == f"Rolled forward to entry {last}, 1 entries new.\n"

    out = StringIO()
    call_command("ledger_roll", "--anew", stdout=out)
    assert out.getvalue() == f"Rolled forward to entry {last}, 0 entries new.\n"
    assert ledger.check_books(now=now).findings == []
    assert ledger.check_slice(now=now).findings == []
