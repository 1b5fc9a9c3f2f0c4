"""Drafts of the routing rules: written here, followed by nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.routing import errors
from apps.finance.routing.choices import VersionStatus
from apps.finance.routing.models import Route, Rule, RuleSet, RuleSetEditor
from apps.finance.routing.rules.checks import MOST_RULES, check_rule
from apps.finance.routing.rules.plan import PlannedRule

#: Whoever numbers or activates a version holds it until commit.
_VERSIONS = (7_311, 1)
TITLE_LENGTH = 80


def take_versions_lock() -> None:
    """Wait until nobody else numbers or activates a version."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _VERSIONS)


def check_may(by: User, permission: str) -> None:
    """
    :raises NotPermitted: the person's roles do not include it
    """
    if not by.has_perm(permission):
        raise errors.NotPermitted()


@transaction.atomic
def create_draft(
    *, title: str, based_on_id: int | None = None, by: User, now: datetime
) -> RuleSet:
    """Open a new version with the rules of another, or with none.

    Rolling back is this: the old version stays what it was, a copy of it becomes active.

    :raises NotPermitted: ``by`` lacks routing.edit_rules
    :raises RuleWrong: the title is missing or too long
    :raises VersionNotFound: there is no version to copy
    """
    check_may(by, "routing.edit_rules")
    if not 0 < len(title.strip()) <= TITLE_LENGTH:
        raise errors.RuleWrong(field="title", why="Give the version a title of 1 to 80 signs.")
    take_versions_lock()
    old = RuleSet.objects.filter(pk=based_on_id).first() if based_on_id else None
    if based_on_id and old is None:
        raise errors.VersionNotFound(version=based_on_id)
    number = (RuleSet.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    draft = RuleSet.objects.create(
        number=number,
        title=title.strip(),
        based_on=old,
        created_by=by,
        created_at=now,
        edited_at=now,
    )
    RuleSetEditor.objects.create(rule_set=draft, user=by)
    if old:
        copies = list(old.rules.order_by("position"))
        for rule in copies:
            rule.pk, rule.rule_set = None, draft
        Rule.objects.bulk_create(copies)
    audit.record(
        by=by,
        action="routing.draft_created",
        subject=draft,
        facts={"version": number, "copy_of": old.number if old else None},
    )
    return draft


@transaction.atomic
def add_rule(*, rule_set_id: int, rule: PlannedRule, by: User, now: datetime) -> Rule:
    """Put a rule at the end of a draft.

    :raises NotPermitted: ``by`` lacks routing.edit_rules
    :raises VersionNotFound, NoDraft: there is no such draft
    :raises RuleWrong: the rule cannot be followed; its ``field`` says where
    :raises TooManyRules: the draft has MOST_RULES
    """
    draft = _draft(rule_set_id, by)
    last = draft.rules.aggregate(last=Max("position"))["last"] or 0
    if last >= MOST_RULES:
        raise errors.TooManyRules(most=MOST_RULES)
    _check(rule)
    added = Rule(rule_set=draft, position=last + 1)
    _fill(added, rule)
    added.save()
    _changed(draft, by, now, "routing.rule_added", {"rule": str(added), **rule.as_json()})
    return added


@transaction.atomic
def change_rule(*, rule_id: int, rule: PlannedRule, by: User, now: datetime) -> Rule:
    """Replace a draft's rule, in its place.

    :raises NotPermitted: ``by`` lacks routing.edit_rules
    :raises RuleNotFound, NoDraft: there is no such rule in a draft
    :raises RuleWrong: the rule cannot be followed; its ``field`` says where
    """
    old, draft = _rule(rule_id, by)
    _check(rule)
    before = old.planned.as_json()
    _fill(old, rule)
    old.save()
    facts: dict[str, Any] = {"rule": str(old), "before": before, "after": rule.as_json()}
    _changed(draft, by, now, "routing.rule_changed", facts)
    return old


@transaction.atomic
def move_rule(*, rule_id: int, up: bool, by: User, now: datetime) -> Rule:
    """Let a draft's rule change places with the one above or below it; at the end it stays.

    :raises NotPermitted: ``by`` lacks routing.edit_rules
    :raises RuleNotFound, NoDraft: there is no such rule in a draft
    """
    rule, draft = _rule(rule_id, by)
    place = rule.position + (-1 if up else 1)
    other = draft.rules.filter(position=place).first()
    if other is None:
        return rule
    other.position, rule.position = rule.position, place
    Rule.objects.bulk_update([rule, other], ["position"])
    facts = {"rule": rule.name, "to": place}
    _changed(draft, by, now, "routing.rule_moved", facts)
    return rule


@transaction.atomic
def remove_rule(*, rule_id: int, by: User, now: datetime) -> RuleSet:
    """Take a rule out of a draft; those below move up.

    :raises NotPermitted: ``by`` lacks routing.edit_rules
    :raises RuleNotFound, NoDraft: there is no such rule in a draft
    """
    rule, draft = _rule(rule_id, by)
    facts = {"rule": str(rule), **rule.planned.as_json()}
    place = rule.position
    rule.delete()
    draft.rules.filter(position__gt=place).update(position=F("position") - 1)
    _changed(draft, by, now, "routing.rule_removed", facts)
    return draft


@transaction.atomic
def discard_draft(*, rule_set_id: int, by: User, reason: str) -> None:
    """Delete a draft that nobody will need. What once was active stays for ever.

    :raises NotPermitted: ``by`` lacks routing.edit_rules
    :raises ReasonMissing: no reason is given
    :raises VersionNotFound, NoDraft: there is no such draft
    """
    if not reason.strip():
        raise errors.ReasonMissing()
    draft = _draft(rule_set_id, by)
    audit.record(
        by=by,
        action="routing.draft_discarded",
        subject=draft,
        reason=reason.strip(),
        facts={"version": draft.number, "rules": [r.planned.as_json() for r in draft.rules.all()]},
    )
    draft.delete()


def _draft(rule_set_id: int, by: User) -> RuleSet:
    check_may(by, "routing.edit_rules")
    draft = RuleSet.objects.select_for_update().filter(pk=rule_set_id).first()
    if draft is None:
        raise errors.VersionNotFound(version=rule_set_id)
    if draft.status != VersionStatus.DRAFT:
        raise errors.NoDraft(version=draft.number)
    return draft


def _rule(rule_id: int, by: User) -> tuple[Rule, RuleSet]:
    check_may(by, "routing.edit_rules")
    rule_set_id = Rule.objects.filter(pk=rule_id).values_list("rule_set_id", flat=True).first()
    if rule_set_id is None:
        raise errors.RuleNotFound(rule=rule_id)
    draft = _draft(rule_set_id, by)
    rule = Rule.objects.filter(pk=rule_id).first()
    if rule is None:  # removed while we waited for the draft
        raise errors.RuleNotFound(rule=rule_id)
    return rule, draft


def _check(rule: PlannedRule) -> None:
    routes = Route.objects.values_list("account_id", "gateway")
    accounts, gateways = {one[0] for one in routes}, {one[1] for one in routes}
    check_rule(rule, accounts=accounts, gateways=gateways)


def _fill(row: Rule, rule: PlannedRule) -> None:
    row.name = rule.name.strip()
    row.action = rule.action
    row.conditions = rule.conditions.as_json()
    row.shares = [share.as_json() for share in rule.shares]
    row.sort_by = rule.sort_by
    row.only_these = rule.only_these


def _changed(draft: RuleSet, by: User, now: datetime, action: str, facts: dict[str, Any]) -> None:
    """A change is a new revision, and whoever made it can no longer be the second person."""
    RuleSet.objects.filter(pk=draft.pk).update(revision=F("revision") + 1, edited_at=now)
    draft.refresh_from_db(fields=["revision", "edited_at"])
    RuleSetEditor.objects.get_or_create(rule_set=draft, user=by)
    audit.record(by=by, action=action, subject=draft, facts=facts)
