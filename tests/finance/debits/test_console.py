"""Bank payments in FanzDash: every page, the download, the upload, the queue."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.core.money import Money
from apps.finance.debits import services as debits
from apps.finance.debits.choices import FileState, Format, ItemState, MandateState
from apps.finance.debits.models import (
    BankFile,
    BankItem,
    Debit,
    DebitFile,
    Mandate,
    ReturnRate,
    Transfer,
)
from apps.finance.debits.rules.returns import Share
from apps.finance.debits.selectors import queues
from tests.finance.debits import given

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _credentials(settings):
    settings.GATEWAY_CREDENTIALS = given.CREDENTIALS


@pytest.fixture
def world(fan, staff, now):
    """A debit that was returned, one in the queue, and a transfer."""
    ach, wire = given.a_bank("ach"), given.a_bank("wire")
    mandate = given.a_mandate(fan, ach, now=now)
    given.a_debit(mandate, now=now)
    given.a_file(ach, staff, now=given.EVENING)
    for trace in ("121042880000001", "121042880000009"):
        body = given.ach_file("99", "R01", trace)
        given.told(ach, body, staff, format_name=Format.NACHA, now=now)
    debits.announce_transfer(
        profile=fan, merchant_account_id=wire.pk, amount=Money.of("80", "EUR"),
        idempotency_key="w", now=now,
    )  # fmt: skip
    return ach


def address(model, kind, *args):
    return reverse(f"admin:debits_{model}_{kind}", args=args)


def test_every_list_and_page_opens(world, console):
    client = console("finance")
    for model in (Mandate, Debit, DebitFile, BankFile, BankItem, Transfer):
        name = model._meta.model_name
        listed = client.get(address(name, "changelist"))
        assert listed.status_code == 200
        for row in model.objects.all():
            page = client.get(address(name, "change", row.pk))
            assert page.status_code == 200
            assert "12345678" not in page.content.decode()


@pytest.mark.parametrize("model", ["mandate", "debit", "debitfile", "bankfile", "bankitem"])
def test_a_list_asks_as_much_for_three_rows_as_for_one(world, console, staff, model):
    mandate, now, client = Mandate.objects.get(), given.EVENING, console("finance")
    client.get(address(model, "changelist"))
    with CaptureQueriesContext(connection) as for_one:
        client.get(address(model, "changelist"))
    for n in (1, 2):
        given.a_mandate(mandate.profile, world, now=now)
        given.a_debit(mandate, now=given.EVENING + given.days(n - 1), key=f"more{n}")
        debits.make_files(now=given.EVENING + given.days(5 * n))
        body = given.ach_file("99", "R01", f"12104288000005{n}")
        given.told(world, body, staff, format_name=Format.NACHA, now=now)

    with CaptureQueriesContext(connection) as for_three:
        assert client.get(address(model, "changelist")).status_code == 200
    assert len(for_three) <= len(for_one)


def test_a_file_is_downloaded_once_with_its_exact_bytes(fan, staff, console, now):
    ach = given.a_bank("ach")
    given.a_debit(given.a_mandate(fan, ach, now=now), now=now)
    file = debits.make_file(account_id=ach.pk, gateway="ach", now=given.EVENING)
    assert file is not None
    client, take = console("finance"), address("debitfile", "take", file.pk)
    assert client.post(take).status_code == 409
    for _ in range(2):
        do = f"{address('debitfile', 'do', 'approve')}?ids={file.pk}"
        console("finance").post(do, {"reason": "compared", "ids": str(file.pk)})
    file.refresh_from_db()
    assert file.state == FileState.APPROVED
    assert client.get(take).status_code == 200
    got = client.post(take)
    assert got.content == bytes(file.body)
    assert got["Content-Disposition"] == f'attachment; filename="{file.name}"'
    assert client.post(take).status_code == 409


@pytest.mark.parametrize("role", ["compliance", "support", "payouts", "security", "moderator"])
def test_only_finance_takes_and_uploads(world, console, role):
    client, file = console(role), DebitFile.objects.get()
    assert client.get(address("debitfile", "take", file.pk)).status_code in {403, 404}
    assert client.post(address("debitfile", "take", file.pk)).status_code in {403, 404}
    assert client.get(address("bankfile", "upload")).status_code == 403
    assert client.post(address("bankfile", "upload")).status_code == 403


def test_a_file_of_the_bank_is_uploaded_and_a_wrong_one_says_why(world, console):
    client, before = console("finance"), BankFile.objects.count()
    good = given.ach_file("99", "R02", "121042880000007")

    def upload(body):
        return client.post(
            address("bankfile", "upload"),
            {
                "account": f"{world.pk}:ach", "format_name": "NACHA",
                "file": SimpleUploadedFile("returns.ach", body),
            },
        )  # fmt: skip

    wrong = upload(b"hello")
    assert wrong.status_code == 422
    assert "NACHA file header" in wrong.content.decode()
    assert BankFile.objects.count() == before
    assert upload(good).status_code == 302
    assert upload(good).status_code == 302
    assert BankFile.objects.count() == before + 1


def test_staff_settle_the_queue_and_revoke_a_mandate(world, console):
    client = console("finance")
    item = BankItem.objects.get(state=ItemState.QUEUED)
    mandate = Mandate.objects.get()
    client.post(address("bankitem", "do", "settle"), {"reason": "not ours", "ids": str(item.pk)})
    client.post(address("mandate", "do", "end"), {"reason": "by mail", "ids": str(mandate.pk)})
    item.refresh_from_db()
    mandate.refresh_from_db()
    assert (item.state, mandate.state) == (ItemState.SETTLED, MandateState.REVOKED)


class TestFilesInDoubt:
    @pytest.fixture
    def file(self, fan, staff, now):
        ach = given.a_bank("ach")
        mandate = given.a_mandate(fan, ach, now=now)
        mandate.state = MandateState.CHECKING
        mandate.save()
        given.a_debit(given.a_mandate(fan, ach, now=now, account="87654321"), now=now)
        file = debits.make_file(account_id=ach.pk, gateway="ach", now=given.EVENING)
        assert file is not None
        for _ in range(2):
            debits.approve_file(file_id=file.pk, by=staff("finance"), reason="", now=given.EVENING)
        copy = file.copies.get()
        copy.place, copy.taken_at = "ours:out/x", given.EVENING
        copy.save()
        copy.problem = "Nobody can tell"
        copy.save()
        DebitFile.objects.update(state=FileState.SENDING, problem="Nobody can tell")
        return file

    def test_the_page_says_so_and_a_person_confirms(self, file, console):
        client = console("finance")
        listed = client.get(address("debitfile", "changelist") + "?queue=doubt")
        assert file.name in listed.content.decode()
        page = client.get(address("debitfile", "change", file.pk)).content.decode()
        assert "Nobody can tell" in page
        assert "Prenote of" in page
        told = {"reason": "Ms Lee has it", "ids": str(file.pk)}
        client.post(address("debitfile", "do", "confirm"), told)
        file.refresh_from_db()
        assert file.state == FileState.HANDED_OVER
        assert file.problem == ""


def test_rates_are_measured_shown_and_counted_near_their_line(world, staff, console, now):
    body = given.ach_file("99", "R10", "121042880000001")
    given.a_file(world, staff, now=given.EVENING + given.days(6))  # the one lacking money again
    given.told(world, body.replace(b"0000001", b"0000002"), staff, format_name=Format.NACHA,
               now=given.EVENING + given.days(8))  # fmt: skip
    assert debits.measure_returns(now=given.EVENING + given.days(9)) == 1
    assert debits.measure_returns(now=given.EVENING + given.days(9)) == 1
    rate = ReturnRate.objects.get()
    assert (rate.entries, rate.unauthorised, rate.administrative, rate.returned) == (2, 1, 0, 2)
    client = console("finance")
    page = client.get(address("returnrate", "changelist") + "?queue=near").content.decode()
    assert "Over a line" in page
    assert "50.00 %" in page
    assert client.get(address("returnrate", "change", rate.pk)).status_code == 200
    assert len(queues.rates_near_a_line(9)) == 1
    assert debits.measure_returns(now=given.EVENING + given.days(90)) == 0
    assert ReturnRate.objects.count() == 1


@pytest.mark.parametrize(
    ("count", "entries", "is_near", "is_over"),
    [(0, 1000, False, False), (3, 1000, False, False), (4, 1000, True, False),
     (5, 1000, True, False), (6, 1000, True, True), (1, 201, True, False), (1, 199, True, True)],
)  # fmt: skip
def test_a_line_of_half_a_percent_is_exact(count, entries, is_near, is_over):
    share = Share(count, entries, 50)
    assert (share.is_near, share.is_over) == (is_near, is_over)
