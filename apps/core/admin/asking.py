"""A page that asks for something new and has a service do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from apps.core.admin.base import ConsoleAdmin
from apps.core.errors import DomainError


class Asked(NamedTuple):
    """What the page says: its title, one line below it, its button; and who may open it."""

    title: str
    lead: str
    button: str
    permission: str


def ask(
    page: ConsoleAdmin,
    request: HttpRequest,
    words: Asked,
    *,
    form: type[forms.Form],
    run: Callable[[dict[str, Any], Any], str],
) -> HttpResponse:
    """Show a form; on POST call ``run`` with what was filled in and who asks, show what it says
    above the list.

    :raises PermissionDenied: the person's roles do not include ``words.permission``
    """
    filled = form(request.POST or None, request.FILES or None)

    def do(by: Any) -> HttpResponse:
        page.message_user(request, run(filled.cleaned_data, by), messages.SUCCESS)
        return HttpResponseRedirect(page.address("changelist"))

    return ask_with(page, request, words, form=filled, do=do)


def ask_with(
    page: ConsoleAdmin,
    request: HttpRequest,
    words: Asked,
    *,
    form: forms.Form,
    do: Callable[[Any], HttpResponse],
) -> HttpResponse:
    """Show a form that is made already; on POST answer with what ``do`` gives to who asks.

    A refusal comes back with the form (422), at the field it names, and what was typed is kept.

    :raises PermissionDenied: the person's roles do not include ``words.permission``
    """
    if not request.user.has_perm(words.permission):
        raise PermissionDenied
    wrong = ""
    if request.method == "POST" and form.is_valid():
        try:
            return do(request.user)
        except DomainError as error:
            wrong = _placed(form, error)
    context = {
        "title": words.title,
        "lead": words.lead,
        "button": words.button,
        "form": form,
        "wrong": wrong,
        "back": page.address("changelist"),
        "back_label": str(page.opts.verbose_name_plural).capitalize(),
    }
    refused = bool(wrong or form.errors)
    return page.drawn(request, "admin/console/form.html", context, status=422 if refused else 200)


def _placed(form: forms.Form, error: DomainError) -> str:
    """Put a refusal at its field; return it for the top of the page where it has none."""
    facts = {name: str(value) for name, value in error.facts.items()}
    field, why = facts.pop("field", ""), facts.pop("why", "")
    if field in form.fields:
        form.add_error(field, why or str(error))
        return ""
    about = ", ".join(f"{name} {value}" for name, value in facts.items())
    return " ".join(part for part in (str(error), why, f"({about})" if about else "") if part)
