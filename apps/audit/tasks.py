"""The audit log's tick."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.audit import services as audit


@shared_task(name="audit.seal")
def seal(**_: Any) -> int:
    """Every few seconds (fanz/settings/beat.py)."""
    return audit.seal(now=timezone.now())
