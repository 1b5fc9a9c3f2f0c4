"""Evidence packs: what the platform knows, in a file nobody changes."""

import warnings
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.audit import selectors as audit
from apps.core import events
from apps.core.context import client_address, client_agent
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.exports import evidence
from apps.finance.payments.models import EvidencePack
from apps.finance.payments.rules.disputes import Stage
from apps.finance.payments.rules.evidence import Section
from apps.finance.payments.selectors.evidence import sections_of
from apps.finance.payments.services.disputes import record_submission
from apps.finance.payments.services.evidence import make_evidence, take_evidence
from apps.finance.payments.services.receipts import queue_receipt
from apps.notifications import services as notifications
from tests.finance.payments.refunding import a_paid_tip, fresh
from tests.finance.payments.test_disputes import day, hear

pytestmark = pytest.mark.django_db
WITHOUT = "test_a_machine_without_pango_says_so_and_keeps_nothing"


@pytest.fixture
def clerk(staff):
    return staff("finance")


@pytest.fixture(autouse=True)
def _pango(request):
    """PDFs need a library of the system; without it these tests say so loudly and are skipped."""
    if not evidence.can_write() and request.node.name != WITHOUT:
        warnings.warn("NO PANGO FOUND: evidence packs were not tested", stacklevel=1)
        pytest.skip("no Pango: install libpango-1.0-0 and libpangoft2-1.0-0")


def two_messages(payment_id):
    """What an app above would know."""
    return [Section("Messages", [("Sent after the purchase", f"2 about {payment_id}")])]


@pytest.fixture
def case(now):
    address, agent = client_address.set("203.0.113.7"), client_agent.set("Firefox")
    first = a_paid_tip("30.00", now=now)
    tip = a_paid_tip("100.00", fan=first.payer, creator=first.payee, now=day(now, 1))
    client_agent.reset(agent)
    client_address.reset(address)
    return hear(tip, Told.CHARGEBACK, at=now, amount="100.00", due=day(now, 10), now=day(now, 2))


def test_it_tells_the_receipt_the_purchase_and_earlier_payments(case, settings, now):
    settings.EVIDENCE_PROVIDERS = [f"{__name__}.two_messages"]
    tip = fresh(case.transaction)
    assert tip.captured_at is not None
    with transaction.atomic():
        queue_receipt(transaction_id=tip.pk, now=tip.captured_at)
    assert notifications.send_due(now=day(now, 1)) == 1
    events.sweep(now=timezone.now() + timedelta(minutes=1))
    sections = {section.title: section for section in sections_of(case)}
    receipt = {row[0]: row[1] for row in sections["Receipt"].rows}
    assert receipt["On the card statement"] == "FANZ.EXAMPLE 800-555-0100"
    assert receipt["Receipt mailed"] == f"2026-01-16 12:00:00 UTC, to {tip.payer.user.email}"
    assert receipt["Amount"] == "100.00 USD"
    earlier = next(s for t, s in sections.items() if t.startswith("Earlier payments"))
    assert [row[1] for row in earlier.rows] == ["30.00 USD"]
    assert earlier.rows[0][-1] == "account, internet address, browser"
    assert earlier.note.startswith("1 payment of 30.00 USD")
    purchase = {row[0]: row[1] for row in sections["The purchase"].rows}
    assert purchase["Internet address of the order"] == "203.0.113.7"
    assert purchase["Browser of the order"] == "Firefox"
    assert purchase["Checked against fraud"] == "Allow, score 0"
    activity = sections["Use of the account around the order"]
    assert [row[1:] for row in activity.rows] == [("Payments: started", "203.0.113.7", "yes")] * 2
    assert sections["Messages"].rows == [("Sent after the purchase", f"2 about {tip.pk}")]


def test_the_pack_is_a_tagged_pdf_kept_with_its_hash(case, clerk, now):
    pack = make_evidence(
        dispute_id=case.pk, statement="<b>It was</b> delivered.", by=clerk, reason="Due", now=now
    )
    content = bytes(pack.content)
    assert content.startswith(b"%PDF-1.7")
    assert pack.sha256 == sha256(content).hexdigest()
    assert "Receipt" in pack.contents
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        EvidencePack.objects.filter(pk=pack.pk).update(statement="changed")
    assert take_evidence(pack_id=pack.pk, by=clerk).sha256 == pack.sha256
    actions = [row.action for row in audit.records(actor_id=clerk.pk, action="payments.")]
    assert actions == ["payments.evidence_taken", "payments.evidence_made"]


def test_sending_it_is_recorded_with_the_pack(case, clerk, now):
    with pytest.raises(errors.EvidenceMissing):
        record_submission(dispute_id=case.pk, pack_id=1, by=clerk, reason="Sent", now=now)
    pack = make_evidence(dispute_id=case.pk, statement="", by=clerk, reason="Due", now=now)
    later = day(now, 3)
    dispute = record_submission(
        dispute_id=case.pk, pack_id=pack.pk, by=clerk, reason="Uploaded", now=later
    )
    assert dispute.stage == Stage.REPRESENTED
    assert dispute.history.latest("id").facts == {"pack": pack.pk, "sha256": pack.sha256}
    dispute = hear(case.transaction, Told.CHARGEBACK_WON, at=day(now, 20), now=day(now, 20))
    assert dispute.stage == Stage.WON


def test_nobody_else_makes_or_takes_one(case, clerk, staff, now):
    support = staff("support")
    with pytest.raises(errors.DisputeNotAllowed):
        make_evidence(dispute_id=case.pk, statement="", by=support, reason="I", now=now)
    pack = make_evidence(dispute_id=case.pk, statement="", by=clerk, reason="Due", now=now)
    with pytest.raises(errors.DisputeNotAllowed):
        take_evidence(pack_id=pack.pk, by=support)


def test_a_machine_without_pango_says_so_and_keeps_nothing(case, clerk, now, monkeypatch):
    monkeypatch.setattr(evidence, "HTML", None)

    with pytest.raises(errors.PdfUnavailable):
        make_evidence(dispute_id=case.pk, statement="", by=clerk, reason="r", now=now)

    assert not EvidencePack.objects.exists()
