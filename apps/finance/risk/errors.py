"""What risk can refuse. A refusal has written nothing."""

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound


class NotPermitted(NotAllowed):
    code = "risk.not_permitted"
    message = "Your roles do not allow this."


class OwnRule(NotAllowed):
    code = "risk.own_rule"
    message = "Another person than the one who wrote the rule makes it live."


class OwnPayment(NotAllowed):
    code = "risk.own_payment"
    message = "Somebody else reviews your own payment."


class ReasonMissing(Invalid):
    code = "risk.reason_missing"
    message = "Say why."


class RuleWrong(Invalid):
    """``field`` is what to change, ``why`` says it to people."""

    code = "risk.rule_wrong"
    message = "The rule cannot be followed as it is."


class EntryWrong(Invalid):
    """``field`` is what to change, ``why`` says it to people."""

    code = "risk.entry_wrong"
    message = "This cannot be put on a block list."


class RuleNotFound(NotFound):
    code = "risk.rule_not_found"
    message = "There is no such rule."


class EntryNotFound(NotFound):
    code = "risk.entry_not_found"
    message = "There is no such entry."


class AssessmentNotFound(NotFound):
    code = "risk.assessment_not_found"
    message = "There is no such assessment."


class NotInShadow(Conflict):
    code = "risk.not_in_shadow"
    message = "Only what runs in shadow can become live."


class IsRetired(Conflict):
    code = "risk.is_retired"
    message = "It is retired already."


class OnTheList(Conflict):
    code = "risk.on_the_list"
    message = "It is on the list already."


class NotOnTheList(Conflict):
    code = "risk.not_on_the_list"
    message = "It is off the list already."


class NothingToReview(Conflict):
    code = "risk.nothing_to_review"
    message = "It waits for nobody's decision."


class TestRuns(Conflict):
    code = "risk.test_runs"
    message = "A test of this rule is under way."
