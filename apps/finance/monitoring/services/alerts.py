"""People note what they did about an alert."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.transaction import atomic

from apps.audit import services as audit
from apps.finance.monitoring import errors
from apps.finance.monitoring.models import Alert

if TYPE_CHECKING:
    from apps.accounts.models import User


@atomic
def note_alert(*, alert_id: int, by: User, reason: str, now: datetime) -> Alert:
    """
    Take an alert off the queue with what was found or done. A second note replaces the first.

    :raises SettingNotAllowed: ``by`` lacks monitoring.note_alert
    :raises ReasonMissing: nothing is said
    :raises AlertNotFound: there is none by this id
    """
    if not by.has_perm("monitoring.note_alert"):
        raise errors.SettingNotAllowed
    if not reason.strip():
        raise errors.ReasonMissing
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise errors.AlertNotFound
    alert.noted_at, alert.noted_by, alert.note = now, by, reason.strip()[:500]
    alert.save(update_fields=["noted_at", "noted_by", "note"])
    audit.record(
        by=by,
        action="monitoring.alert_noted",
        subject=alert,
        reason=reason,
        facts={"account": alert.account, "programme": alert.programme, "level": alert.level},
    )
    return alert
