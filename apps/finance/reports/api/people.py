"""HTTP of the reports that are about people: analytics, and a creator's statement."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.permissions import is_staff_with
from apps.accounts.api.requests import actor, cluster_of
from apps.accounts.models import Profile
from apps.core.api.files import (
    JSON_FILE_OR_PAGE,
    csv_file,
    csv_lines,
    described,
    form_of,
    printable,
)
from apps.core.db import one_state
from apps.finance.reports import errors, selectors
from apps.finance.reports.api.answers import as_json, file
from apps.finance.reports.api.queries import CreatorQuery, InsightsQuery, period_of, scope_of
from apps.finance.reports.api.serializers import CreatorStatementOutput, InsightsOutput
from apps.finance.reports.api.views import ReadsReports, StaffReport
from apps.finance.reports.choices import Step
from apps.finance.reports.exports import files
from apps.finance.reports.exports import insights as table


class Analytics(StaffReport):
    """Volumes, payers, revenue and success by kind, brand and gateway; and a series."""

    @extend_schema(parameters=[InsightsQuery], responses=described(InsightsOutput, page=True))
    def get(self, request: Request) -> HttpResponseBase | Response:
        query = InsightsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        scope = scope_of(asked, today=timezone.now().date())
        step = asked.get("step")
        with one_state():
            found = selectors.insights(scope)
            series = selectors.result_series(scope, Step(step)) if step else ()
        match form_of(request):
            case "csv":
                rows = table.rows_of(found, series)
                return file(request, "analytics", table.HEADINGS, rows)
            case "html":
                context = {"insights": found, "series": series}
                return printable(request, "reports/analytics.html", context)
        members: dict[str, Any] = {each.name: getattr(found, each.name) for each in fields(found)}
        return as_json(InsightsOutput(members | {"series": series, "total": found.total}))


class CreatorStatements(APIView):
    """A creator's own statement of a period; staff may read any."""

    renderer_classes = JSON_FILE_OR_PAGE

    @extend_schema(
        parameters=[CreatorQuery], responses=described(CreatorStatementOutput, page=True)
    )
    def get(self, request: Request) -> HttpResponseBase | Response:
        query = CreatorQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        creator = _creator(request, asked.get("creator"))
        period = period_of(asked, today=timezone.now().date())
        statement = selectors.creator_statement(profile=creator, period=period)
        match form_of(request):
            case "csv":
                rows = files.creator_rows(statement)
                if creator.user_id == actor(request).pk:
                    return csv_file("statement", csv_lines(files.CREATOR_HEADINGS, rows))
                return file(request, "creator-statement", files.CREATOR_HEADINGS, rows)
            case "html":
                return printable(request, "reports/creator.html", {"statement": statement})
        is_staff = is_staff_with(request, ReadsReports.permission)
        return as_json(CreatorStatementOutput(statement, context={"is_staff": is_staff}))


def _creator(request: Request, profile_id: int | None) -> Profile:
    """Return the creator asked for, if the caller may read about them.

    :raises CreatorNotFound: there is none, or it is somebody else and the caller is no staff
    """
    user = actor(request)
    if profile_id is None:
        found = selectors.creator_of(user_id=user.pk, cluster_id=cluster_of(request).pk)
    else:
        found = selectors.creator_by_id(profile_id)
    if found is None or not (
        found.user_id == user.pk or is_staff_with(request, ReadsReports.permission)
    ):
        raise errors.CreatorNotFound()
    return found
