"""What routing can refuse. A refusal has written nothing."""

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound


class NotPermitted(NotAllowed):
    code = "routing.not_permitted"
    message = "Your roles do not allow this."


class ReasonMissing(Invalid):
    code = "routing.reason_missing"
    message = "Say why."


class RuleWrong(Invalid):
    """``field`` is what to change, ``why`` says it to people."""

    code = "routing.rule_wrong"
    message = "The rule cannot be followed as it is."


class TooManyRules(Invalid):
    code = "routing.too_many_rules"
    message = "The version has as many rules as it may have."


class NothingToActivate(Invalid):
    code = "routing.nothing_to_activate"
    message = "The version has no rule."


class VersionNotFound(NotFound):
    code = "routing.version_not_found"
    message = "There is no such version."


class RuleNotFound(NotFound):
    code = "routing.rule_not_found"
    message = "There is no such rule."


class NoDraft(Conflict):
    code = "routing.no_draft"
    message = "Only a draft can be changed; make a new one from this version."


class ChangedMeanwhile(Conflict):
    code = "routing.changed_meanwhile"
    message = "Somebody changed the draft meanwhile: look at it again."


class OwnDraft(NotAllowed):
    code = "routing.own_draft"
    message = "Another person than those who wrote the draft activates it."


class ReplayRuns(Conflict):
    code = "routing.replay_runs"
    message = "A replay of this version is under way."


class ReplayNotFound(NotFound):
    code = "routing.replay_not_found"
    message = "There is no such replay."
