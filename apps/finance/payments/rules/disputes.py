"""The words of disputes, and what all the news of a case together mean.

Gateways tell of a case in any order, twice, and late. So a case is not moved by each message: all
its messages are kept, put in the order in which they happened, and read from the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import TextChoices


class Stage(TextChoices):
    INQUIRY = "INQUIRY", "The bank asks"
    ALERT = "ALERT", "Announced"
    CHARGEBACK = "CHARGEBACK", "Chargeback"
    SECOND_ROUND = "SECOND_ROUND", "Chargeback, second round"
    REPRESENTED = "REPRESENTED", "Evidence sent"
    WON = "WON", "Won"
    LOST = "LOST", "Lost"
    ACCEPTED = "ACCEPTED", "Accepted"
    CLOSED = "CLOSED", "Closed without a chargeback"


class Word(TextChoices):
    """What was said of a case: by the gateway, or (SENT, GAVE_UP, ENDED) by our staff."""

    INQUIRY = "INQUIRY", "The bank asks"
    ALERT = "ALERT", "A dispute is announced"
    CHARGEBACK = "CHARGEBACK", "The bank took the money"
    SENT = "SENT", "Evidence was sent"
    GAVE_UP = "GAVE_UP", "Accepted by staff"
    ENDED = "ENDED", "Closed"
    LOST = "LOST", "The bank keeps the money"
    WON = "WON", "The bank gave the money back"
    NOTE = "NOTE", "Note"


#: In which order words of one moment happened.
_RANK = {word: number for number, word in enumerate(Word)}
#: The legal moves of a case; the money moves with CHARGEBACK, SECOND_ROUND, WON, LOST, ACCEPTED.
NEXT: dict[Stage, frozenset[Stage]] = {
    Stage.INQUIRY: frozenset({Stage.ALERT, Stage.CHARGEBACK, Stage.CLOSED, Stage.WON, Stage.LOST}),
    Stage.ALERT: frozenset({Stage.CHARGEBACK, Stage.CLOSED, Stage.WON, Stage.LOST}),
    Stage.CLOSED: frozenset({Stage.CHARGEBACK, Stage.WON, Stage.LOST}),
    Stage.CHARGEBACK: frozenset({Stage.REPRESENTED, Stage.ACCEPTED, Stage.WON, Stage.LOST}),
    Stage.SECOND_ROUND: frozenset({Stage.REPRESENTED, Stage.ACCEPTED, Stage.WON, Stage.LOST}),
    Stage.REPRESENTED: frozenset({Stage.ACCEPTED, Stage.WON, Stage.LOST}),
    Stage.WON: frozenset({Stage.SECOND_ROUND, Stage.LOST}),
    Stage.LOST: frozenset({Stage.WON}),
    Stage.ACCEPTED: frozenset({Stage.WON, Stage.LOST}),
}
#: The bank has our money and has not decided.
UNDECIDED = frozenset({Stage.CHARGEBACK, Stage.SECOND_ROUND, Stage.REPRESENTED})
#: Somebody must do something before ``due_at``.
WAITS_FOR_US = frozenset({Stage.INQUIRY, Stage.ALERT, Stage.CHARGEBACK, Stage.SECOND_ROUND})
ENDED = frozenset({Stage.WON, Stage.LOST, Stage.ACCEPTED, Stage.CLOSED})
#: What the news of the gateway are called here: ``Told.name`` to a word.
WORD_OF = {
    "INQUIRY": Word.INQUIRY,
    "ALERT": Word.ALERT,
    "CHARGEBACK": Word.CHARGEBACK,
    "CHARGEBACK_WON": Word.WON,
    "CHARGEBACK_LOST": Word.LOST,
}
#: How long before a deadline people are reminded.
REMINDERS = (timedelta(hours=72), timedelta(hours=24))


@dataclass(frozen=True, slots=True)
class News:
    """One word about a case; ``at`` is when it happened, where the gateway tells it."""

    word: Word
    at: datetime | None
    again: bool = False
    amount_minor: int | None = None


@dataclass(slots=True)
class Round:
    """The bank took the money once; ``decision`` is "", WON or LOST."""

    amount_minor: int | None = None
    decision: str = ""


@dataclass(slots=True)
class Case:
    """What all news together mean."""

    stage: Stage | None = None
    rounds: list[Round] = field(default_factory=list)


def read(news: Sequence[News]) -> Case:
    """Read all news of a case from the beginning; any order of arrival gives the same case.

    Where one of them has no time, all are put in the order in which such things happen.
    """
    case = Case()
    for one in _in_order(news):
        _apply(case, one)
    return case


def _in_order(news: Sequence[News]) -> list[News]:
    timed = [one for one in news if one.at is not None]
    if len(timed) == len(news):
        return sorted(timed, key=lambda it: (it.at, it.again, _RANK[it.word]))
    return sorted(news, key=lambda it: (it.again, _RANK[it.word]))


def _apply(case: Case, one: News) -> None:
    target = _target(case, one)
    if target is None or not _may(case.stage, target):
        return
    if target in {Stage.CHARGEBACK, Stage.SECOND_ROUND}:
        case.rounds.append(Round(one.amount_minor))
    elif target in {Stage.WON, Stage.LOST, Stage.ACCEPTED}:
        if not case.rounds or (target is Stage.LOST and case.stage is Stage.WON):
            case.rounds.append(Round(one.amount_minor))  # the bank took it, unheard
        case.rounds[-1].decision = "WON" if target is Stage.WON else "LOST"
    case.stage = target


def _target(case: Case, one: News) -> Stage | None:
    if one.word is Word.CHARGEBACK:
        if case.stage is Stage.WON:
            return Stage.SECOND_ROUND
        return Stage.CHARGEBACK
    return _STAGE_OF.get(one.word)


_STAGE_OF = {
    Word.INQUIRY: Stage.INQUIRY,
    Word.ALERT: Stage.ALERT,
    Word.SENT: Stage.REPRESENTED,
    Word.GAVE_UP: Stage.ACCEPTED,
    Word.ENDED: Stage.CLOSED,
    Word.WON: Stage.WON,
    Word.LOST: Stage.LOST,
}


def _may(current: Stage | None, target: Stage) -> bool:
    if current is None:
        return target not in {Stage.REPRESENTED, Stage.ACCEPTED, Stage.CLOSED, Stage.SECOND_ROUND}
    return target in NEXT[current]
