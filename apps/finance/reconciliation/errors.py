"""What reconciliation refuses, and why."""

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound


class SourceUnknown(NotFound):
    code = "reconciliation.source_unknown"
    message = "There is no such source of statements."


class SourceInvalid(Invalid):
    code = "reconciliation.source_invalid"
    message = "The source of statements cannot be set up so."


class SourceExists(Conflict):
    code = "reconciliation.source_exists"
    message = "This account has a source of statements already."


class StatementUnknown(NotFound):
    code = "reconciliation.statement_unknown"
    message = "There is no such statement."


class FileEmpty(Invalid):
    code = "reconciliation.file_empty"
    message = "The file is empty."


class FileTooLarge(Invalid):
    code = "reconciliation.file_too_large"
    message = "The file is larger than can be imported."


class FileSeenBefore(Conflict):
    code = "reconciliation.file_seen_before"
    message = "This file was imported before, for another source or period."


class PeriodInvalid(Invalid):
    code = "reconciliation.period_invalid"
    message = "The period ends before it begins."


class PeriodOverlaps(Conflict):
    code = "reconciliation.period_overlaps"
    message = "Another statement of this account covers some of these days."


class NotReady(Conflict):
    code = "reconciliation.not_ready"
    message = "The statement is still being read."


class LineTaken(Conflict):
    code = "reconciliation.line_taken"
    message = "One of the chosen lines is matched already, or is not of this account."


class SumsDiffer(Invalid):
    code = "reconciliation.sums_differ"
    message = "The chosen lines and book items do not add up to the same amount."


class NothingChosen(Invalid):
    code = "reconciliation.nothing_chosen"
    message = "Choose at least two lines or book items that belong together."


class MatchUnknown(NotFound):
    code = "reconciliation.match_unknown"
    message = "There is no such match."


class MatchUndone(Conflict):
    code = "reconciliation.match_undone"
    message = "The match was undone before."


class ReasonMissing(Invalid):
    code = "reconciliation.reason_missing"
    message = "Say why; it is kept with the record."


class ExceptionUnknown(NotFound):
    code = "reconciliation.exception_unknown"
    message = "There is no such exception."


class ExceptionDecided(Conflict):
    code = "reconciliation.exception_decided"
    message = "The exception is no longer open."


class NotForThisType(Conflict):
    code = "reconciliation.not_for_this_type"
    message = "This cannot be done with an exception of this type."


class SecondPersonNeeded(NotAllowed):
    code = "reconciliation.second_person_needed"
    message = "Above the limit another person must agree."


class PostedBefore(Conflict):
    code = "reconciliation.posted_before"
    message = (
        "An entry was posted for it before and is unmatched. Match that one by hand, or reverse"
        " it and match it with its reversal."
    )


class AccountUnknown(NotFound):
    code = "reconciliation.account_unknown"
    message = "Neither the books nor a source of statements know this account."


class NotAddingUp(Invalid):
    code = "reconciliation.not_adding_up"
    message = "The amounts do not explain what the bank's line shows."
