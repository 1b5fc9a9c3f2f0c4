"""Why a rate or an exchange is refused. A refusal has written nothing."""

from apps.core.errors import Conflict, Invalid, NotAllowed


class RateMissing(Conflict):
    """The question is good and nothing is down: the rates lack a day, which people enter."""

    code = "fx.rate_missing"
    message = (
        "There is no exchange rate for this pair that is young enough. Enter it under Exchange "
        "rates in FanzDash, or import the source's file, and ask again."
    )


class RateNotPositive(Invalid):
    code = "fx.rate_not_positive"
    message = "A rate is a plain number above zero, with at most 18 decimal places."


class SameCurrency(Invalid):
    code = "fx.same_currency"
    message = "A pair has two different currencies."


class WrongWayRound(Invalid):
    code = "fx.wrong_way_round"
    message = "This pair is written the other way round."


class RateInTheFuture(Invalid):
    code = "fx.rate_in_the_future"
    message = "A rate cannot be of a day to come."


class RateImplausible(Conflict):
    code = "fx.rate_implausible"
    message = "This rate is too far from the last one known; import it from its source's file."


class DealImplausible(Conflict):
    code = "fx.deal_implausible"
    message = (
        "What was bought is too far from what the day's rate makes of what was sold. Look at both"
        " amounts again, or correct the rate."
    )


class DealInTheFuture(Invalid):
    code = "fx.deal_in_the_future"
    message = "An exchange cannot be of a day to come."


class SourceMalformed(Invalid):
    code = "fx.source_malformed"
    message = "Name the source in capitals: ECB, KRAKEN, BANK-OF-ENGLAND."


class SourceMismatch(Invalid):
    code = "fx.source_mismatch"
    message = "The ECB's files are imported as the ECB's, and no others are."


class ReasonMissing(Invalid):
    code = "fx.reason_missing"
    message = "Say why."


class FileUnreadable(Invalid):
    code = "fx.file_unreadable"
    message = "This is not a file of exchange rates."


class NotPermitted(NotAllowed):
    code = "fx.not_permitted"
    message = "Your roles do not allow this."


class AmountNotPositive(Invalid):
    code = "fx.amount_not_positive"
    message = "Both amounts of an exchange are above zero."


class NotCash(Invalid):
    code = "fx.not_cash"
    message = "Only money at banks, processors and rails is exchanged."


class KeyReused(Conflict):
    code = "fx.key_reused"
    message = "This key belongs to another exchange."
