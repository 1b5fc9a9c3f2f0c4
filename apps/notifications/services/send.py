"""Send what is due: claim, send, record. The mail server is called outside transactions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.conf import settings
from django.db.models import F, Q
from django.db.transaction import atomic
from django.template import TemplateDoesNotExist, TemplateSyntaxError

from apps.clusters import selectors as clusters
from apps.core.db import outside_transaction
from apps.core.errors import DomainError
from apps.notifications.adapters import Answer, Letter, Outcome, Post
from apps.notifications.choices import State, What
from apps.notifications.exports import write
from apps.notifications.models import Message, Suppression
from apps.notifications.rules.kinds import KINDS
from apps.notifications.rules.names import message_id_of
from apps.notifications.rules.waiting import LEASE, WORKS_FOR, try_again_after
from apps.notifications.services.history import end, locked, note

log = structlog.get_logger(__name__)

#: Claimed at once: what a worker that dies holds up until its lease ends.
BATCH = 20


@dataclass(frozen=True, slots=True)
class _Held:
    """A message claimed, and the try it is claimed for."""

    message: Message
    attempt: int


@outside_transaction
def send_due(*, now: datetime, limit: int = 500) -> int:
    """
    Send the mail whose time has come, longest waiting first; return how much the server took.

    Safe to run many times at once and to stop anywhere: a message is claimed before it is sent,
    and one whose worker died is sent by another when the lease ends. One whose worker died after
    the server took it and before that was recorded is sent twice, under one Message-ID.
    """
    sent, began = 0, time.monotonic()
    with Post() as post:
        while limit > 0:
            claimed, held = _claim(now, min(BATCH, limit))
            if not claimed:
                return sent
            limit -= claimed
            for place, each in enumerate(held):
                is_late = time.monotonic() - began > WORKS_FOR.total_seconds()
                reached = Answer(Outcome.AWAY) if is_late else post.open()
                if reached.outcome == Outcome.AWAY:
                    _put_back(held[place:], reached, now)
                    return sent
                sent += _send(post, each, now)
            began = time.monotonic()
    return sent


@atomic
def _claim(now: datetime, limit: int) -> tuple[int, list[_Held]]:
    """Take what is due; return how many were, and those that are to be sent.

    The try counts from here, so that dying workers use them up too.
    """
    due = list(
        Message.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("user", "cluster")
        .filter(state=State.QUEUED, next_attempt_at__lte=now)
        .order_by("next_attempt_at", "id")[:limit]
    )
    unwanted = _unwanted(due)
    held = [each for each in due if _is_to_go(each, unwanted, now)]
    Message.objects.filter(pk__in=[each.pk for each in held]).update(
        attempts=F("attempts") + 1, claimed_until=now + LEASE, next_attempt_at=now + LEASE
    )
    return len(due), [_Held(each, each.attempts + 1) for each in held]


def _is_to_go(message: Message, unwanted: set[tuple[int, str]], now: datetime) -> bool:
    kind = KINDS.get(message.kind)
    if (message.user_id, message.kind) in unwanted:
        end(message, State.SUPPRESSED, now=now)
    elif kind is None:
        end(message, State.FAILED, now=now, answer="There is no such kind of mail any more")
    elif message.send_at + kind.news_for < now:
        end(message, State.FAILED, now=now, answer="Too late: it is no news any more")
    elif not message.user.email:
        end(message, State.FAILED, now=now, answer="The person has no address")
    elif try_again_after(message.attempts) is None:
        end(message, State.FAILED, now=now, answer="Every try ended without an answer")
    else:
        return True
    return False


def _unwanted(due: Sequence[Message]) -> set[tuple[int, str]]:
    asked = Q()
    for each in due:
        kind = KINDS.get(each.kind)
        if kind is not None and not kind.is_required:
            asked |= Q(user_id=each.user_id, kind=each.kind)
    if not asked:
        return set()
    return set(Suppression.objects.filter(asked).values_list("user_id", "kind"))


def _send(post: Post, held: _Held, now: datetime) -> bool:
    message = held.message
    if not _is_still_ours(held):
        return False
    try:
        letter = _letter(message)
    except (TemplateDoesNotExist, TemplateSyntaxError, DomainError) as error:
        log.exception("mail_not_written", message=message.pk, kind=message.kind)
        _record_failure(held, Answer(Outcome.LATER, f"{type(error).__name__}: {error}"), now)
        return False
    answer = post.send(letter)
    if answer.outcome == Outcome.TAKEN:
        _record_sent(message.pk, letter, now)
        return True
    log.warning("mail_not_sent", message=message.pk, answer=answer.text)
    _record_failure(held, answer, now)
    return False


def _letter(message: Message) -> Letter:
    written = write(
        kind=message.kind,
        context=message.context,
        brand=message.cluster,
        user_id=message.user_id,
    )
    host = clusters.primary_host_of(message.cluster)
    return Letter(
        written,
        message.user.email,
        message.cluster.name,
        message_id_of(pk=message.pk, key=message.key, host=host, secret=settings.SECRET_KEY),
        clusters.support_address_of(message.cluster),
    )


def _is_still_ours(held: _Held) -> bool:
    """It may have been withdrawn since it was claimed, or sent by another after our lease."""
    return Message.objects.filter(
        pk=held.message.pk, state=State.QUEUED, attempts=held.attempt
    ).exists()


@atomic
def _record_sent(message_id: int, letter: Letter, now: datetime) -> None:
    """It was sent, whatever somebody else has recorded meanwhile."""
    message = locked(message_id)
    if message.state == State.SENT:
        note(message, What.SENT, now=now, text="Once more, by a worker slower than its lease")
        return
    message.address, message.text = letter.address, letter.written.text
    message.subject, message.digest = letter.written.subject, letter.written.digest
    end(message, State.SENT, now=now)


@atomic
def _record_failure(held: _Held, answer: Answer, now: datetime) -> None:
    message = locked(held.message.pk)
    if message.state != State.QUEUED or message.attempts != held.attempt:
        return
    wait = try_again_after(message.attempts)
    if answer.outcome == Outcome.REFUSED:
        message.address = held.message.user.email
        end(message, State.BOUNCED, now=now, answer=answer.text)
    elif answer.outcome == Outcome.IMPOSSIBLE or wait is None:
        end(message, State.FAILED, now=now, answer=answer.text)
    else:
        message.next_attempt_at, message.claimed_until = now + wait, None
        message.last_answer = answer.text[:200]
        message.save()
        note(message, What.TRIED, now=now, text=answer.text)


@atomic
def _put_back(held: Sequence[_Held], answer: Answer, now: datetime) -> None:
    """Nothing was tried: the first waits as after a try, so that it is seen; the rest is due."""
    if answer.text:
        log.warning("mail_server_away", answer=answer.text, waiting=len(held))
        _record_failure(held[0], answer, now)
        held = held[1:]
    for each in held:
        Message.objects.filter(
            pk=each.message.pk, state=State.QUEUED, attempts=each.attempt
        ).update(attempts=F("attempts") - 1, claimed_until=None, next_attempt_at=now)
