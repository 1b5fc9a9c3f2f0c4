"""What staff may do to a version."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.core.admin import Verb
from apps.finance.routing import services as routing
from apps.finance.routing.admin.forms import DaysForm, RevisionForm, TitleForm
from apps.finance.routing.choices import VersionStatus
from apps.finance.routing.models import RuleSet


def _draft_only(row: RuleSet, _by: Any) -> str:
    return "" if row.status == VersionStatus.DRAFT else "it is no draft."


def activate_refusal(row: RuleSet, by: Any) -> str:
    if row.status != VersionStatus.DRAFT:
        return "it is no draft."
    if row.editors.filter(user=by).exists():
        return "you wrote on it: another person activates."
    return "" if row.rules.exists() else "it has no rules."


def activate_run(row: RuleSet, by: Any, reason: str, revision: int) -> str:
    routing.activate(
        rule_set_id=row.pk, revision=revision, by=by, reason=reason, now=timezone.now()
    )
    return "Active: it decides from the next payment on."


ACTIVATE = Verb(
    name="activate",
    label="Activate",
    permission="routing.activate_rules",
    preview=lambda row, _by: (
        f"{row}, revision {row.revision}, decides about every payment from now on; the version"
        " that does now is retired. To go back, copy that one and have the copy activated."
    ),
    refusal=activate_refusal,
    run=activate_run,
    form=RevisionForm,
    icon="play_arrow",
    help="Look at what it changes and at a replay first.",
    is_quiet=False,
)


def copy_run(row: RuleSet, by: Any, _reason: str, title: str) -> str:
    draft = routing.create_draft(title=title, based_on_id=row.pk, by=by, now=timezone.now())
    return f"Version {draft.number} is a draft with the rules of version {row.number}."


COPY = Verb(
    name="copy",
    label="Copy into a draft",
    permission="routing.edit_rules",
    preview=lambda row, _by: f"A new draft with the rules of version {row.number}.",
    run=copy_run,
    form=TitleForm,
    icon="content_copy",
    help="To change the active rules, or to roll back to old ones.",
)


def replay_run(row: RuleSet, by: Any, _reason: str, days: int) -> str:
    replay = routing.ask_replay(rule_set_id=row.pk, days=days, by=by, now=timezone.now())
    return f"Replay {replay.pk} has begun: its page shows how far it is."


REPLAY = Verb(
    name="replay",
    label="Replay past payments",
    permission="routing.run_replay",
    preview=lambda row, _by: (
        f"Decides the payments of the last days again by version {row.number}, with the"
        " accounts as they stood then, and adds up what would change. Nothing else happens."
    ),
    run=replay_run,
    form=DaysForm,
    icon="replay",
)


def discard_run(row: RuleSet, by: Any, reason: str) -> str:
    routing.discard_draft(rule_set_id=row.pk, by=by, reason=reason)
    return "Discarded. Its rules stand in the audit log."


DISCARD = Verb(
    name="discard",
    label="Discard",
    permission="routing.edit_rules",
    preview=lambda row, _by: f"{row} is deleted with its rules and replays.",
    refusal=_draft_only,
    run=discard_run,
    danger=True,
    icon="delete",
    is_quiet=True,
)
