"""The platform as its web server runs it, and beside it, at /bare/, the least a view can be.

Both live in one process: same server, threads, settings, pool of connections. ``bare`` has no
middleware and inserts one row by Django's own means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

_platform = get_wsgi_application()


class Row(models.Model):
    """As much as an inbox can't do without."""

    gateway = models.TextField()
    body = models.BinaryField()
    received_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Row]] = models.Manager()

    class Meta:
        app_label = "payments"
        managed = False
        db_table = "bench_bare"

    def __str__(self) -> str:
        return self.gateway


def bare(request: HttpRequest) -> HttpResponse:
    Row.objects.create(gateway="ccbill", body=request.body, received_at=timezone.now())
    return HttpResponse("OK", content_type="text/plain")


urlpatterns = [path("bare/", bare)]


class _Bare(WSGIHandler):
    """Django's handler without any middleware."""

    def load_middleware(self, is_async: bool = False) -> None:
        del is_async

        def chain(request: HttpRequest) -> HttpResponse:
            request.urlconf = __name__
            return self._get_response(request)  # type: ignore[attr-defined, no-any-return]

        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = chain


_bare = _Bare()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    handler = _bare if environ["PATH_INFO"] == "/bare/" else _platform
    return handler(environ, start_response)
