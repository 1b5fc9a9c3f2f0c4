"""Files to and from the bank's drop: each once, whoever dies, however many look."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from apps.finance.debits import errors
from apps.finance.debits import services as debits
from apps.finance.debits.choices import DebitState, FileState, FoundState
from apps.finance.debits.models import BankFile, Debit, DebitFile, FileCopy, FoundFile
from apps.finance.debits.services.send import LEASE
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from tests.finance.debits import given
from tests.finance.debits.test_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]
NOW = given.EVENING
TICK = """
import json, sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.BANK_STORAGES, settings.GATEWAY_CREDENTIALS = json.loads(sys.argv[2])
from apps.finance.debits import services
services.send_files(now=datetime.fromisoformat(sys.argv[3]))
"""


@pytest.fixture
def drop(settings, tmp_path):
    for folder in ("out", "in"):
        (tmp_path / folder).mkdir()
    place = {"storage": "ours", "out_folder": "out", "in_folder": "in"}
    settings.GATEWAY_CREDENTIALS = given.CREDENTIALS | {"ach": given.CREDENTIALS["ach"] | place}
    behave(settings, tmp_path)
    return tmp_path


def behave(settings, folder, die=""):
    options = {"location": str(folder), "die": die}
    settings.BANK_STORAGES = {
        "ours": {"BACKEND": "tests.finance.debits.dying.Drop", "OPTIONS": options}
    }


def keeping(settings):
    settings.GATEWAY_CREDENTIALS["ach"]["keeps"] = "yes"


@pytest.fixture
def file(drop, fan, staff, now):
    """A file over 50 dollars that two people approved."""
    bank = given.a_bank("ach")
    given.a_debit(given.a_mandate(fan, bank, now=now), now=now)
    made = debits.make_file(account_id=bank.pk, gateway="ach", now=NOW)
    assert made is not None
    for _ in range(2):
        debits.approve_file(file_id=made.pk, by=staff("finance"), reason="", now=NOW)
    made.refresh_from_db()
    return made


def lying(drop, folder="out"):
    return {path.name: path.read_bytes() for path in (drop / folder).iterdir()}


def state_of(file):
    file.refresh_from_db()
    return file.state


def test_an_approved_file_is_put_once_and_the_hold_begins(drop, file):
    assert sum(at_once(lambda: debits.send_files(now=NOW))) == 1
    assert lying(drop) == {file.name: bytes(file.body)}
    assert state_of(file) == FileState.HANDED_OVER
    assert Debit.objects.get().hold_until is not None
    assert debits.send_files(now=NOW + timedelta(hours=1)) == 0
    assert len(lying(drop)) == 1


def test_a_file_that_is_not_approved_is_not_sent(drop, fan, now):
    bank = given.a_bank("ach")
    given.a_debit(given.a_mandate(fan, bank, now=now), now=now)
    debits.make_file(account_id=bank.pk, gateway="ach", now=NOW)
    assert debits.send_files(now=NOW) == 0
    assert lying(drop) == {}


def test_a_person_and_the_machine_do_not_both_take_it(drop, file, staff):
    person = staff("finance")
    at_once(lambda: debits.send_files(now=NOW) or debits.take_file(
        file_id=file.pk, by=person, now=NOW
    ))  # fmt: skip
    assert FileCopy.objects.count() == 1
    with pytest.raises(errors.AlreadyHandedOver):
        debits.take_file(file_id=file.pk, by=person, now=NOW)


def test_a_drop_that_cannot_be_reached_costs_nothing(drop, file, settings):
    behave(settings, drop, "down")
    assert debits.send_files(now=NOW) == 0
    assert FileCopy.objects.get().taken_at is None
    assert (state_of(file), file.problem) == (FileState.APPROVED, "")
    behave(settings, drop)
    assert debits.send_files(now=NOW) == 1


def test_another_file_of_the_name_is_never_written_over(drop, file):
    (drop / "out" / file.name).write_bytes(b"somebody else's")
    assert debits.send_files(now=NOW) == 0
    assert lying(drop) == {file.name: b"somebody else's"}
    assert state_of(file) == FileState.APPROVED
    assert "SHA-256 differs" in file.problem


def test_a_line_that_breaks_after_the_write_is_found_out(drop, file, settings):
    behave(settings, drop, "line")
    assert debits.send_files(now=NOW) == 0
    assert state_of(file) == FileState.SENDING
    assert Debit.objects.get().hold_until is None
    behave(settings, drop)
    assert debits.send_files(now=NOW + LEASE) == 1
    assert state_of(file) == FileState.HANDED_OVER
    assert lying(drop) == {file.name: bytes(file.body)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        ("before", True, FileState.HANDED_OVER),
        ("before", False, FileState.SENDING),
        ("half", True, FileState.SENDING),
        ("after", False, FileState.HANDED_OVER),
    ],
    ids=lambda case: f"{case[0]} the write",
)
def test_kill_9_while_a_file_is_handed_over(drop, file, settings, fan, case):
    die, keeps, ends = case
    if keeps:
        keeping(settings)
    behave(settings, drop, die)
    told = json.dumps([settings.BANK_STORAGES, settings.GATEWAY_CREDENTIALS])
    name = str(connection.settings_dict["NAME"])
    killed = subprocess.run(
        [sys.executable, "-c", TICK, name, told, NOW.isoformat()],
        cwd=ROOT, env=dict(os.environ), check=False, timeout=60,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    assert state_of(file) == FileState.SENDING
    behave(settings, drop)
    for minutes in (1, 11, 12, 23):
        at_once(lambda late=minutes: debits.send_files(now=NOW + timedelta(minutes=late)))
    assert state_of(file) == ends
    assert len(lying(drop)) == (ends == FileState.HANDED_OVER or die == "half")
    debits.settle_due(now=NOW + given.days(30))
    paid = ledger.balance_of(postings.wallet(fan.pk), "USD").minor
    if ends == FileState.HANDED_OVER:
        assert lying(drop) == {file.name: bytes(file.body)}
        assert paid == 50_00
    else:
        assert file.problem
        assert paid == 0


def test_in_doubt_the_bank_is_asked_and_its_word_counts(drop, file, settings, staff):
    behave(settings, drop, "line")
    debits.send_files(now=NOW)
    (drop / "out" / file.name).unlink()  # the bank has fetched it
    behave(settings, drop)
    debits.send_files(now=NOW + LEASE)
    assert (state_of(file), bool(file.problem)) == (FileState.SENDING, True)
    assert lying(drop) == {}
    with pytest.raises(errors.ReasonMissing):
        debits.confirm_copy(file_id=file.pk, by=staff("finance"), reason=" ", now=NOW)
    with pytest.raises(errors.DebitsNotAllowed):
        debits.confirm_copy(file_id=file.pk, by=staff("support"), reason="asked", now=NOW)
    debits.confirm_copy(file_id=file.pk, by=staff("finance"), reason="Ms Lee has it", now=NOW)
    assert (state_of(file), file.problem) == (FileState.HANDED_OVER, "")
    assert debits.send_files(now=NOW + given.days(1)) == 0
    assert lying(drop) == {}


def test_in_doubt_another_copy_needs_somebody_who_did_not_release_the_first(
    drop, file, settings, staff
):
    behave(settings, drop, "line")
    debits.send_files(now=NOW)
    (drop / "out" / file.name).unlink()
    behave(settings, drop)
    debits.send_files(now=NOW + LEASE)
    first = FileCopy.objects.get().released_by
    with pytest.raises(errors.SecondPersonNeeded):
        debits.release_copy(file_id=file.pk, by=first, reason="the bank has none", now=NOW)
    debits.release_copy(file_id=file.pk, by=staff("finance"), reason="has none", now=NOW)
    assert debits.send_files(now=NOW + LEASE) == 1
    assert lying(drop) == {file.name: bytes(file.body)}
    assert state_of(file) == FileState.HANDED_OVER


class TestWhatTheBankLeaves:
    def leave(self, drop, body, name="ret.ach"):
        (drop / "in" / name).write_bytes(body)

    def test_is_taken_once_by_however_many_and_acted_on(self, drop, file, staff):
        debits.send_files(now=NOW)
        self.leave(drop, given.ach_file("99", "R10", "121042880000001"))
        self.leave(drop, given.ach_file("99", "R10", "121042880000001"), "the same again.txt")
        assert sum(at_once(lambda: debits.fetch_files(now=NOW))) == 2
        assert debits.fetch_files(now=NOW + given.days(1)) == 0
        assert debits.fetch_files(now=NOW + given.days(9)) == 0
        assert BankFile.objects.count() == 1
        assert BankFile.objects.get().received_by is None
        debits.apply_waiting(now=NOW)
        assert Debit.objects.get().state == DebitState.RETURNED
        assert len(lying(drop, "in")) == 2

    @pytest.mark.parametrize("body", [b"", b"hello", b"101" + b"9" * 500, b"%PDF-1.7"])
    def test_that_is_no_such_file_goes_to_a_person_once(self, drop, file, staff, body):
        self.leave(drop, body)
        assert debits.fetch_files(now=NOW) == 1
        assert debits.fetch_files(now=NOW) == 0
        found = FoundFile.objects.get()
        assert (found.state, bool(found.why)) == (FoundState.UNREAD, True)
        assert not BankFile.objects.exists()
        debits.settle_found(found_id=found.pk, by=staff("finance"), reason="a newsletter")
        assert FoundFile.objects.get().state == FoundState.SETTLED

    def test_that_was_half_there_is_read_when_it_is_whole(self, drop, file):
        debits.send_files(now=NOW)
        whole = given.ach_file("99", "R10", "121042880000001")
        self.leave(drop, whole[:300])
        debits.fetch_files(now=NOW)
        self.leave(drop, whole)
        debits.fetch_files(now=NOW + timedelta(minutes=5))
        states = FoundFile.objects.order_by("id").values_list("state", flat=True)
        assert list(states) == [FoundState.SETTLED, FoundState.TAKEN]

    def test_a_drop_that_is_gone_stops_nobody_else(self, drop, file, settings):
        (drop / "in").rmdir()
        assert debits.fetch_files(now=NOW) == 0
        settings.GATEWAY_CREDENTIALS["ach"]["storage"] = "none such"
        assert debits.fetch_files(now=NOW) == 0
        assert debits.send_files(now=NOW) == 0
        assert DebitFile.objects.get().problem
