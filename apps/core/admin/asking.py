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
    """Show a form; on POST call ``run`` with what was filled in and who asks, show what it says.

    A refusal comes back with the form (422), and what was typed is kept.

    :raises PermissionDenied: the person's roles do not include ``words.permission``
    """
    if not request.user.has_perm(words.permission):
        raise PermissionDenied
    filled = form(request.POST or None)
    wrong = ""
    if request.method == "POST" and filled.is_valid():
        try:
            done = run(filled.cleaned_data, request.user)
        except DomainError as error:
            facts = ", ".join(f"{name} {value}" for name, value in error.facts.items())
            wrong = f"{error} ({facts})" if facts else str(error)
        else:
            page.message_user(request, done, messages.SUCCESS)
            return HttpResponseRedirect(page.address("changelist"))
    context = {
        "title": words.title,
        "lead": words.lead,
        "button": words.button,
        "form": filled,
        "wrong": wrong,
        "back": page.address("changelist"),
        "back_label": str(page.opts.verbose_name_plural).capitalize(),
    }
    refused = bool(wrong or filled.errors)
    return page.drawn(request, "admin/console/form.html", context, status=422 if refused else 200)
