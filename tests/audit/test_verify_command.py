"""``audit_verify`` tells a whole chain from a changed one, also when many wrote at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from apps.audit import services as audit
from apps.audit.models import AuditRecord
from tests.audit.test_chain import change_unseen, three_sealed

WRITERS, EACH = 8, 20


def verify(*options: str) -> tuple[int, str]:
    """Run the command; return its exit status and what it printed."""
    out = StringIO()
    try:
        call_command("audit_verify", *options, stdout=out)
    except SystemExit as stopped:
        return int(stopped.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_a_whole_chain_passes(db: None, now: datetime) -> None:
    three_sealed(now)

    assert verify() == (0, "3 sealed, 0 waiting: unbroken\n")


def test_a_whole_chain_passes_in_json(db: None, now: datetime) -> None:
    three_sealed(now)
    status, printed = verify("--json")

    assert status == 0
    assert json.loads(printed) == {"ok": True, "sealed": 3, "waiting": 0, "findings": []}


def test_an_empty_log_passes(db: None) -> None:
    assert verify() == (0, "0 sealed, 0 waiting: unbroken\n")


@pytest.mark.parametrize(
    ("sql", "kind", "number"),
    [
        ("UPDATE audit_auditrecord SET reason = 'x' WHERE number = 2", "edited", 2),
        ("DELETE FROM audit_auditrecord WHERE number = 2", "gap", 2),
        ("DELETE FROM audit_auditrecord WHERE number = 3", "cut_tail", 3),
    ],
    ids=["edit", "gap", "cut tail"],
)
def test_a_change_behind_the_triggers_fails_and_is_named(
    db: None, now: datetime, sql: str, kind: str, number: int
) -> None:
    three_sealed(now)
    change_unseen(sql)

    status, printed = verify()
    assert status == 1
    assert "BROKEN" in printed
    assert f"  {kind} at number {number}\n" in printed

    status, printed = verify("--json")
    assert status == 1
    told = json.loads(printed)
    assert told["ok"] is False
    assert [(found["kind"], found["number"]) for found in told["findings"]] == [(kind, number)]


def _alone(work: Callable[[], int]) -> Callable[[], int]:
    """Give a thread's connection back, else the test's database cannot be dropped."""

    def run() -> int:
        try:
            return work()
        finally:
            connection.close()

    return run


@pytest.mark.django_db(transaction=True)
def test_eight_writers_and_two_sealers_leave_no_gap(now: datetime) -> None:
    def write() -> int:
        for _ in range(EACH):
            with transaction.atomic():
                audit.record(by=None, action="test.done")
        return EACH

    def seal() -> int:
        return sum(audit.seal(now=now, limit=7) for _ in range(EACH))

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        writers = [pool.submit(_alone(write)) for _ in range(WRITERS)]
        sealers = [pool.submit(_alone(seal)) for _ in range(2)]
        assert sum(done.result() for done in writers) == WRITERS * EACH
        sealed = sum(done.result() for done in sealers)
    while more := audit.seal(now=now):
        sealed += more

    assert sealed == WRITERS * EACH
    numbers = AuditRecord.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, WRITERS * EACH + 1))
    assert verify() == (0, f"{WRITERS * EACH} sealed, 0 waiting: unbroken\n")
