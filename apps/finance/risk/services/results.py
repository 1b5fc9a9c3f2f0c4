"""What became of the payments, as the app above tells it: rules learn from it."""

from __future__ import annotations

from apps.finance.risk.choices import Result
from apps.finance.risk.models import Assessment

#: What may overrule what: a late capture a decline, a chargeback everything.
_OVERRULES = {
    Result.DECLINED: ["", Result.DECLINED],
    Result.PAID: ["", Result.DECLINED, Result.PAID],
    Result.CHARGEBACK: list(Result.values),
}


def note_result(*, subject: str, result: Result) -> bool:
    """Note what became of a payment; safe to repeat and in any order.

    Returns False where there is no such assessment, or a stronger word was noted before.
    """
    return bool(
        Assessment.objects.filter(subject=subject, result__in=_OVERRULES[result]).update(
            result=result
        )
    )
