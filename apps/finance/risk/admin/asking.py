"""A form that a service answers; what it refuses stands at the field it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from apps.core.admin import ConsoleAdmin
from apps.core.errors import DomainError


class Asking(NamedTuple):
    title: str
    lead: str
    button: str
    permission: str


def asked(
    page: ConsoleAdmin,
    request: HttpRequest,
    words: Asking,
    form: forms.Form,
    run: Callable[[Any], tuple[str, str]],
) -> HttpResponse:
    """Show the form; on POST ``run`` it with who asks and go where it says, with its words.

    :raises PermissionDenied: the person's roles do not include ``words.permission``
    """
    if not request.user.has_perm(words.permission):
        raise PermissionDenied
    wrong = ""
    if request.method == "POST" and form.is_valid():
        try:
            done, address = run(request.user)
        except DomainError as error:
            wrong = _place(form, error)
        else:
            page.message_user(request, done, messages.SUCCESS)
            return HttpResponseRedirect(address)
    back = page.address("changelist")
    context = {
        "title": words.title,
        "lead": words.lead,
        "button": words.button,
        "form": form,
        "wrong": wrong,
        "back": back,
        "back_label": str(page.opts.verbose_name_plural).capitalize(),
    }
    status = 422 if wrong or form.errors else 200
    return page.drawn(request, "admin/console/form.html", context, status=status)


def _place(form: forms.Form, error: DomainError) -> str:
    """Put a refusal at its field; return it for the top of the page where it has none."""
    name, why = str(error.facts.get("field", "")), str(error.facts.get("why") or error)
    if name in form.fields:
        form.add_error(name, why)
        return ""
    return why
