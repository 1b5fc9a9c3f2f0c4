"""What tax can refuse. A refusal has written nothing."""

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound


class PlaceMissing(Invalid):
    code = "tax.place_missing"
    message = "Say which country you live in: the price depends on its tax."


class PlaceUnknown(Invalid):
    code = "tax.place_unknown"
    message = "There is no such country or state."


class PlaceTooWide(Invalid):
    code = "tax.place_too_wide"
    message = "Tax in this country depends on the state: choose it."


class RateOutOfRange(Invalid):
    code = "tax.rate_out_of_range"
    message = "A rate is a percentage from 0 to 100 with at most four decimal places."


class SourceMissing(Invalid):
    code = "tax.source_missing"
    message = "Name the law or publication the rate is from."


class ReasonMissing(Invalid):
    code = "tax.reason_missing"
    message = "Say why."


class FileUnreadable(Invalid):
    code = "tax.file_unreadable"
    message = "This is not a file of tax rates."


class NotPermitted(NotAllowed):
    code = "tax.not_permitted"
    message = "Your roles do not allow this."


class OwnRate(NotAllowed):
    code = "tax.own_rate"
    message = "Another person than the one who entered the rate confirms it."


class RateNotFound(NotFound):
    code = "tax.rate_not_found"
    message = "There is no such rate."


class AlreadyConfirmed(Conflict):
    code = "tax.already_confirmed"
    message = "The rate is confirmed already."


class AlreadySo(Conflict):
    code = "tax.already_so"
    message = "The brand is set so already."


class StatementNotFound(NotFound):
    code = "tax.statement_not_found"
    message = "There is no such statement file."


class YearNotOver(Invalid):
    code = "tax.year_not_over"
    message = "Statements are made for years that have begun."
