"""Two makers, two readers, two tellers at once; and workers that die between steps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import current_app
from django.db import connection

from apps.core.money import Money
from apps.finance.debits import errors
from apps.finance.debits import services as debits
from apps.finance.debits.choices import DebitState, Format, ItemState
from apps.finance.debits.models import BankFile, BankItem, Debit, DebitFile, FileItem
from apps.finance.debits.services import files
from apps.finance.debits.services import hand_over as hand_over_services
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from tests.finance.debits import given

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 4


@pytest.fixture(autouse=True)
def _credentials(settings):
    settings.GATEWAY_CREDENTIALS = given.CREDENTIALS
    # Tasks are found at first use; several threads at once would each find half of them.
    current_app.loader.import_default_modules()


def at_once(act):
    """Run it in several threads; return what each gave or raised."""

    def run(_):
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - the test says which are right
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(run, range(CROWD)))


@pytest.fixture
def ach(fan, now):
    bank = given.a_bank("ach")
    mandate = given.a_mandate(fan, bank, now=now)
    for n in range(5):
        given.a_debit(mandate, "10.00", now=now, key=f"k{n}")
    return bank


def test_makers_at_once_make_one_file_with_each_debit_once(ach):
    made = at_once(lambda: debits.make_files(now=given.EVENING))
    assert sorted(made) == [0] * (CROWD - 1) + [1]
    file = DebitFile.objects.get()
    assert (file.items, file.total_minor) == (5, 50_00)
    assert FileItem.objects.values("debit").distinct().count() == 5


def test_takers_at_once_get_one_copy(ach, staff):
    file = debits.make_file(account_id=ach.pk, gateway="ach", now=given.EVENING)
    assert file is not None
    for _ in range(2):
        debits.approve_file(file_id=file.pk, by=staff("finance"), reason="", now=given.EVENING)
    person = staff("finance")
    took = at_once(lambda: debits.take_file(file_id=file.pk, by=person, now=given.EVENING))
    assert sum(isinstance(one, bytes) for one in took) == 1
    assert sum(isinstance(one, errors.AlreadyHandedOver) for one in took) == CROWD - 1


def test_holds_end_once_however_many_ask(ach, fan, staff):
    given.a_file(ach, staff, now=given.EVENING)
    later = given.EVENING + given.days(20)
    assert sum(at_once(lambda: debits.settle_due(now=later))) == 5
    assert ledger.balance_of(postings.wallet(fan.pk), "USD") == Money.of("50.00", "USD")


def test_a_return_uploaded_and_acted_on_by_many_takes_back_once(ach, fan, staff):
    given.a_file(ach, staff, now=given.EVENING)
    later = given.EVENING + given.days(20)
    debits.settle_due(now=later)
    body = given.ach_file("99", "R10", "121042880000002", cents=1000)
    told = at_once(
        lambda: given.told(ach, body, staff, format_name=Format.NACHA, now=later).replayed
    )
    assert sorted(told) == [False] + [True] * (CROWD - 1)
    assert BankFile.objects.count() == BankItem.objects.count() == 1
    debits.apply_waiting(now=later)
    assert BankItem.objects.get().state == ItemState.APPLIED
    assert ledger.balance_of(postings.wallet(fan.pk), "USD") == Money.of("40.00", "USD")


class Killed(BaseException):
    """The worker dies here."""


@pytest.mark.parametrize("step", ["_check_total", "write_debits"])
def test_a_maker_that_dies_leaves_no_file_and_the_next_makes_it(ach, monkeypatch, step):
    def die(*_args, **_more):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(files, step, die)
        with pytest.raises(Killed):
            debits.make_files(now=given.EVENING)
    assert not DebitFile.objects.exists()
    assert set(Debit.objects.values_list("state", flat=True)) == {DebitState.READY}
    assert debits.make_files(now=given.EVENING) == 1
    assert FileItem.objects.earliest("number").reference == "121042880000001"


def test_a_taker_that_dies_before_the_end_has_taken_nothing(ach, staff, monkeypatch):
    file = debits.make_file(account_id=ach.pk, gateway="ach", now=given.EVENING)
    assert file is not None
    for _ in range(2):
        debits.approve_file(file_id=file.pk, by=staff("finance"), reason="", now=given.EVENING)

    def die(*_args, **_more):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(hand_over_services, "_record", die)
        with pytest.raises(Killed):
            debits.take_file(file_id=file.pk, by=staff("finance"), now=given.EVENING)
    assert set(Debit.objects.values_list("hold_until", flat=True)) == {None}
    body = debits.take_file(file_id=file.pk, by=staff("finance"), now=given.EVENING)
    assert body == bytes(file.body)
