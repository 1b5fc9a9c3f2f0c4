"""What staff may do to a row: preview first, a reason always, a result for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest

from apps.core.errors import DomainError

#: Rows one confirmation may hold: what a person can still read before agreeing.
MAX_ROWS = 50


def never_refused(_row: Any, _by: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Verb:
    """An action that calls a service.

    ``refusal(row, by)`` says why the button is not offered (``""`` if it is); the service
    decides for itself again. ``preview(row, by)`` says what will happen. ``run(row, by, reason)``
    does it and returns what happened; what the ``form`` asks for comes as keywords.
    """

    name: str
    label: str
    permission: str
    preview: Callable[[Any, Any], str]
    run: Callable[..., str]
    refusal: Callable[[Any, Any], str] = never_refused
    danger: bool = False
    icon: str = "check"
    help: str = ""
    form: type[forms.Form] | None = None
    #: Rarely possible: where it is refused the page says nothing about it.
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row."""

    row: Model
    done: bool
    text: str


def check_permission(request: HttpRequest, verb: Verb) -> None:
    """:raises PermissionDenied: the person's roles do not include the verb"""
    if not request.user.has_perm(verb.permission):
        raise PermissionDenied


def run_on(
    rows: list[Any], verb: Verb, *, by: Any, reason: str, answers: dict[str, Any]
) -> list[Outcome]:
    """Call the verb's service for each row; one row's refusal does not stop the others."""
    outcomes = []
    for row in rows:
        try:
            outcomes.append(Outcome(row, done=True, text=verb.run(row, by, reason, **answers)))
        except DomainError as error:
            outcomes.append(Outcome(row, done=False, text=str(error)))
    return outcomes
