"""The base of every console page: look by default, act through services."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from unfold.admin import ModelAdmin as UnfoldModelAdmin

from apps.core.admin.export import CAP, as_csv
from apps.core.admin.filters import ordering_of, parameters_of
from apps.core.admin.paging import CappedPaginator
from apps.core.admin.sections import Page, Way
from apps.core.admin.verbs import MAX_ROWS, Outcome, Verb, check_permission, run_on

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = UnfoldModelAdmin


class ConsoleType(ABCMeta, forms.MediaDefiningClass):
    """Lets a page of the console be abstract: one that shows nothing cannot be registered."""


class ConsoleAdmin(ModelAdmin, metaclass=ConsoleType):
    """Read-only list and detail; changes happen in verbs, which call services.

    A subclass names its columns, filters and search, fills ``page`` for the detail and lists
    its ``verbs``. Lists never count further than a thousand and search only by index.
    """

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    list_per_page = 50
    list_max_show_all = 0
    list_disable_select_all = True
    sortable_by = ()
    ordering: ClassVar[tuple[str, ...]] = ("-id",)
    actions_selection_counter = True

    #: Shown when the list is empty and nothing narrows it.
    empty_title = "Nothing here yet"
    empty_text = ""
    #: Ctrl-K looks here too, and shows this symbol.
    found_by_search = False
    icon = "article"
    #: What the menu calls the list, where that is not the plural of its model.
    list_title = ""
    #: One line below the list's title.
    intro = ""
    verbs: tuple[Verb, ...] = ()
    #: False when its first page is one of its own, which reads no column from the address.
    has_list = True
    #: Attribute paths of the CSV file; none means the list cannot be exported.
    export_columns: tuple[str, ...] = ()

    # --- Who may -----------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- What a subclass fills in --------------------------------------------------------

    def matching(self, term: str) -> Q | None:
        """Return the rows a search means, by indexed columns; None if it can mean none."""
        return None

    @abstractmethod
    def page(self, request: HttpRequest, row: Any) -> Page:
        """Return what the row's page shows."""

    def ways_on(self, request: HttpRequest) -> list[Way]:
        """Return the buttons above the list: where somebody with these roles may go from it."""
        return []

    # --- List ----------------------------------------------------------------------------

    def get_ordering(self, request: HttpRequest) -> Any:
        """Show a queue in its own order, everything else in the list's."""
        return ordering_of(self.get_list_filter(request), request) or super().get_ordering(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if "\0" in term:  # no text column of PostgreSQL holds it
            return queryset.none(), False
        meaning = self.matching(term)
        return (queryset.filter(meaning) if meaning else queryset.none()), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Let a query string narrow a list by its declared filters and by nothing else.

        Django lets it look up every column of the list's own table, shown or not: whoever may
        see a list could find out a password's hash letter by letter, or scan the table.
        """
        declared = self.list_filter if request is None else self.get_list_filter(request)
        return lookup in parameters_of(declared) and "\0" not in value

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {
            verb.name: (choose(verb), verb.name, f"{verb.label} …")
            for verb in self.verbs
            if request.user.has_perm(verb.permission)
        }

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "title": self.list_title or capfirst(self.opts.verbose_name_plural),
            "console_intro": self.intro,
            "console_export": self.address("export") if self.export_columns else "",
            "console_query": request.GET.urlencode(),
            "console_ways": self.ways_on(request),
        }
        return super().changelist_view(request, context | (extra_context or {}))

    # --- Addresses -----------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        label = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("export/", gate(self.export_view), name=f"{label}_export"),
            path("do/<slug:name>/", gate(self.verb_view), name=f"{label}_do"),
            *super().get_urls(),
        ]

    def address(self, kind: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{kind}", args=args)

    # --- Pages of its own ------------------------------------------------------------------

    def drawn(
        self,
        request: HttpRequest,
        template: str,
        context: dict[str, Any],
        *,
        status: int = 200,
    ) -> TemplateResponse:
        """Return a page within the console's frame."""
        whole = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, whole, status=status)

    # --- Detail --------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        page = self.page(request, row)
        context = {
            **self.admin_site.each_context(request),
            "title": page.title,
            "opts": self.opts,
            "original": page.title,
            "object_id": object_id,
            "page": page,
            "verbs": self.verbs_for(request, row),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/console/detail.html", context)

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Send to the page itself: what staff did is in the audit log, not in Django's."""
        return HttpResponseRedirect(self.address("change", object_id))

    def verbs_for(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """Return the buttons of a row's page; one that is refused says why instead."""
        offered: list[dict[str, Any]] = [
            {
                "label": verb.label,
                "icon": verb.icon,
                "danger": verb.danger,
                "href": f"{self.address('do', verb.name)}?ids={row.pk}",
                "refusal": verb.refusal(row, request.user),
                "is_quiet": verb.is_quiet,
            }
            for verb in self.verbs
            if request.user.has_perm(verb.permission)
        ]
        return [verb for verb in offered if not (verb["refusal"] and verb["is_quiet"])]

    # --- Verbs ---------------------------------------------------------------------------

    def verb_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Preview on GET; with a reason, run on POST and say what became of each row."""
        verb = next((verb for verb in self.verbs if verb.name == name), None)
        if verb is None:
            raise Http404
        check_permission(request, verb)
        rows = self.chosen(request)
        if not rows:
            raise Http404
        asked = request.method == "POST"
        form = (verb.form or forms.Form)(request.POST if asked else None)
        reason = request.POST.get("reason", "").strip()
        if not asked or not reason or not form.is_valid():
            return self.verb_page(
                request, verb, rows, form=form, reason_missing=asked and not reason
            )
        outcomes = run_on(rows, verb, by=request.user, reason=reason, answers=form.cleaned_data)
        if len(outcomes) == 1:
            return self.told(request, outcomes[0])
        return self.verb_page(request, verb, rows, outcomes=outcomes)

    def chosen(self, request: HttpRequest) -> list[Any]:
        """Return the rows that ``ids`` names, in the order of their ids."""
        given = request.POST.get("ids") or request.GET.get("ids", "")
        ids = [int(pk) for pk in given.split(",") if pk.isascii() and pk.isdigit()][:MAX_ROWS]
        rows = self.get_queryset(request).filter(pk__in=ids).order_by("pk")
        if self.list_select_related is not False:
            rows = rows.select_related(*self.list_select_related)  # type: ignore[misc]
        return list(rows)

    def verb_page(
        self,
        request: HttpRequest,
        verb: Verb,
        rows: list[Any],
        *,
        outcomes: list[Outcome] | None = None,
        form: forms.Form | None = None,
        reason_missing: bool = False,
    ) -> TemplateResponse:
        asked = [
            {
                "row": row,
                "href": self.address("change", row.pk),
                "refusal": verb.refusal(row, request.user),
                "preview": verb.preview(row, request.user),
            }
            for row in rows
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": verb.label,
            "opts": self.opts,
            "verb": verb,
            "asked": asked,
            "ready": [ask for ask in asked if not ask["refusal"]],
            "ids": ",".join(str(row.pk) for row in rows),
            "back": self.address("change", rows[0].pk)
            if len(rows) == 1
            else self.address("changelist"),
            "outcomes": outcomes,
            "done_count": sum(outcome.done for outcome in outcomes or []),
            "form": form,
            "reason": request.POST.get("reason", ""),
            "reason_missing": reason_missing,
        }
        refused = reason_missing or bool(form and form.errors)
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request, "admin/console/verb.html", context, status=422 if refused else 200
        )

    def told(self, request: HttpRequest, outcome: Outcome) -> HttpResponse:
        level = messages.SUCCESS if outcome.done else messages.ERROR
        self.message_user(request, outcome.text, level)
        return HttpResponseRedirect(self.address("change", outcome.row.pk))

    # --- Export --------------------------------------------------------------------------

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the filtered list as CSV and put on record who took it."""
        if not self.export_columns or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{self.address('changelist')}?{ERROR_FLAG}=1")
        self.admin_site.record_export(  # type: ignore[attr-defined]
            request, self.opts.label_lower, request.GET.dict(), min(rows[:CAP].count(), CAP)
        )
        return as_csv(rows, self.export_columns, name=str(self.opts.verbose_name_plural))


def choose(verb: Verb) -> Any:
    """Return the list action that leads to the verb's preview with the ticked rows."""

    def ask(
        model_admin: ConsoleAdmin, _request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse:
        ids = ",".join(str(pk) for pk in queryset.values_list("pk", flat=True)[:MAX_ROWS])
        return HttpResponseRedirect(f"{model_admin.address('do', verb.name)}?ids={ids}")

    return ask
