"""Which version counts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.routing import errors
from apps.finance.routing.choices import VersionStatus
from apps.finance.routing.models import RuleSet
from apps.finance.routing.selectors.versions import plan_changed
from apps.finance.routing.services.drafts import check_may, take_versions_lock


@transaction.atomic
def activate(*, rule_set_id: int, revision: int, by: User, reason: str, now: datetime) -> RuleSet:
    """Let a draft decide from now on, and retire the version that did. Other processes follow
    within ``settings.MEMORY_SECONDS``.

    ``revision`` is the one that ``by`` has read. Of two activations at once one comes after the
    other, and one version is active at any time.

    :raises NotPermitted: ``by`` lacks routing.activate_rules
    :raises ReasonMissing: no reason is given
    :raises VersionNotFound, NoDraft: there is no such draft
    :raises ChangedMeanwhile: it has another revision by now
    :raises OwnDraft: ``by`` wrote on it
    :raises NothingToActivate: it has no rule
    """
    check_may(by, "routing.activate_rules")
    if not reason.strip():
        raise errors.ReasonMissing()
    take_versions_lock()
    draft = RuleSet.objects.select_for_update().filter(pk=rule_set_id).first()
    if draft is None:
        raise errors.VersionNotFound(version=rule_set_id)
    _check(draft, revision, by)
    before = RuleSet.objects.filter(status=VersionStatus.ACTIVE).first()
    if before:
        before.status, before.retired_at = VersionStatus.RETIRED, now
        before.save(update_fields=["status", "retired_at"])
    draft.status = VersionStatus.ACTIVE
    draft.activated_by, draft.activated_at = by, now
    draft.activation_reason = reason.strip()[:300]
    draft.save(update_fields=["status", "activated_by", "activated_at", "activation_reason"])
    audit.record(
        by=by,
        action="routing.version_activated",
        subject=draft,
        reason=reason.strip(),
        facts={
            "version": draft.number,
            "instead_of": before.number if before else None,
            "rules": [rule.planned.as_json() for rule in draft.rules.order_by("position")],
        },
    )
    plan_changed()
    return draft


def _check(draft: RuleSet, revision: int, by: User) -> None:
    if draft.status != VersionStatus.DRAFT:
        raise errors.NoDraft(version=draft.number)
    if draft.revision != revision:
        raise errors.ChangedMeanwhile(read=revision, now=draft.revision)
    if draft.editors.filter(user=by).exists():
        raise errors.OwnDraft()
    if not draft.rules.exists():
        raise errors.NothingToActivate()
