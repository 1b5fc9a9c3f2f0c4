"""Evidence packs for banks: assembled, kept as they are, and never changed."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.payments import errors
from apps.finance.payments.exports.evidence import evidence_pdf
from apps.finance.payments.models import Dispute, EvidencePack
from apps.finance.payments.selectors.evidence import sections_of

STATEMENT_LENGTH = 10_000


@atomic
def make_evidence(
    *, dispute_id: int, statement: str, by: User, reason: str, now: datetime
) -> EvidencePack:
    """
    Assemble what the platform knows of a disputed payment as a PDF, and keep it with its SHA-256.

    Each call makes another pack; what was sent is recorded by ``record_submission``. It holds the
    payer's address: every making is audited.

    :raises DisputeNotAllowed: ``by`` lacks payments.manage_dispute
    :raises ReasonMissing: no reason is given, or the statement is longer than 10,000 characters
    :raises DisputeNotFound: there is none by this id
    """
    if not by.has_perm("payments.manage_dispute"):
        raise errors.DisputeNotAllowed()
    if not reason.strip() or len(statement) > STATEMENT_LENGTH:
        raise errors.ReasonMissing()
    dispute = Dispute.objects.select_related("transaction__cluster").filter(pk=dispute_id).first()
    if dispute is None:
        raise errors.DisputeNotFound(dispute=dispute_id)
    sections = sections_of(dispute)
    content = evidence_pdf(
        title=f"Evidence for case {dispute.reference}",
        subtitle=f"{dispute.transaction.cluster.name}, payment {dispute.transaction.public_id}, "
        f"{dispute.amount}",
        statement=statement.strip(),
        sections=sections,
        made_at=now,
    )
    pack = EvidencePack.objects.create(
        dispute=dispute,
        content=content,
        sha256=sha256(content).hexdigest(),
        contents=[section.title for section in sections],
        statement=statement.strip(),
        by=by,
        made_at=now,
    )
    audit.record(
        by=by,
        action="payments.evidence_made",
        subject=dispute,
        reason=reason,
        facts={"pack": pack.pk, "sha256": pack.sha256, "bytes": len(content)},
        cluster=dispute.transaction.cluster,
    )
    return pack


@atomic
def take_evidence(*, pack_id: int, by: User) -> EvidencePack:
    """
    Return a pack to take away; who took it is on record.

    :raises DisputeNotAllowed: ``by`` lacks payments.manage_dispute
    :raises EvidenceNotFound: there is none by this id
    """
    if not by.has_perm("payments.manage_dispute"):
        raise errors.DisputeNotAllowed()
    pack = (
        EvidencePack.objects.select_related("dispute__transaction__cluster")
        .filter(pk=pack_id)
        .first()
    )
    if pack is None:
        raise errors.EvidenceNotFound(pack=pack_id)
    audit.record(
        by=by,
        action="payments.evidence_taken",
        subject=pack.dispute,
        facts={"pack": pack.pk, "sha256": pack.sha256},
        cluster=pack.dispute.transaction.cluster,
    )
    return pack
