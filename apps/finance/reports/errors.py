"""Why a report is refused."""

from apps.core.errors import Invalid, NotFound


class EndBeforeStart(Invalid):
    code = "reports.end_before_start"
    message = "The period ends before it starts."


class PeriodTooLong(Invalid):
    code = "reports.period_too_long"
    message = "A report covers ten years at most."


class PeriodMalformed(Invalid):
    code = "reports.period_malformed"
    message = "Write the period as 2026, 2026-Q1 or 2026-01, or give start and end (2026-01-31)."


class UnknownBrand(Invalid):
    code = "reports.unknown_brand"
    message = "There is no such brand."


class UnknownAccountCode(Invalid):
    code = "reports.unknown_account_code"
    message = "The chart of accounts has no such code."


class CurrencyTwice(Invalid):
    code = "reports.currency_twice"
    message = "Give a currency to show or one to translate to, not both."


class TooFine(Invalid):
    code = "reports.too_fine"
    message = "A series by day covers one year at most; take months."


class CreatorNotFound(NotFound):
    code = "reports.creator_not_found"
    message = "There is no such creator."
