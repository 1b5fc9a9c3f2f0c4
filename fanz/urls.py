"""Every URL of the platform, by prefix; the rest is in each app's urls.py."""

from csp.decorators import csp_replace
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, is_valid_path, path, re_path, resolve
from django.utils.encoding import escape_uri_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from apps.core.api import problems

#: Swagger sets styles inline; its script is a file of ours, and no other host is named.
DOCS_POLICY = {
    "default-src": ["'self'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
    "object-src": ["'none'"],
}


class PermanentRedirect(HttpResponse):
    """308: unlike 301, the client repeats method and body (RFC 9110 15.4.9)."""

    status_code = 308


def _lead_to(path: str, request: HttpRequest) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    address = escape_uri_path(path) + (f"?{query}" if query else "")
    return PermanentRedirect(headers={"Location": address})


@csrf_exempt  # it changes nothing; the address it leads to has guards of its own
def versioned(request: HttpRequest, rest: str) -> HttpResponse:
    """Lead a path without a version to the first one, with its query."""
    return _lead_to(f"/api/v1/{rest}", request)


@csrf_exempt
def elsewhere(request: HttpRequest, rest: str) -> HttpResponse:
    """Lead to the address with its closing slash, or say with a problem that there is none."""
    closed = f"/api/v1/{rest}/"
    if rest and not rest.endswith("/") and is_valid_path(closed) and not _is_elsewhere(closed):
        return _lead_to(closed, request)
    return problems.not_found(request, Http404())


@csrf_exempt
def nothing(request: HttpRequest) -> HttpResponse:
    """Say that an address of a library is not used here."""
    return problems.not_found(request, Http404())


def _is_elsewhere(path: str) -> bool:
    return resolve(path).func is elsewhere


urlpatterns = [
    path("health/", include("apps.ops.urls")),
    path("webhooks/", include("apps.finance.payments.urls")),
    path("api/v1/payments/", include("apps.payouts.api.urls")),
    path("api/v1/payments/bank/", include("apps.finance.debits.api.urls")),
    path("api/v1/payments/", include("apps.finance.payments.api.urls")),
    path("api/v1/", include("apps.finance.purchases.api.urls")),
    path("api/v1/ledger/", include("apps.finance.ledger.api.urls")),
    path("api/v1/reports/", include("apps.finance.reports.api.urls")),
    path("api/v1/", include("apps.finance.subscriptions.api.urls")),
    path("mail/", include("apps.notifications.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    # Nobody gives a phone number; HEAD makes allauth's view for it fail.
    path("_allauth/app/v1/account/phone", nothing),
    path("_allauth/", include("allauth.headless.urls")),
    path("api/v1/me/", include("apps.accounts.api.urls")),
    re_path(r"^api/v1/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(
        r"^api/v1/docs/?$",
        require_safe(  # OPTIONS would render the page without its template
            csp_replace(DOCS_POLICY)(SpectacularSwaggerSplitView.as_view(url_name="schema"))
        ),
        name="docs",
    ),
    re_path(r"^api/v1/(?P<rest>.*)$", elsewhere),
    re_path(r"^api/(?!v\d)(?P<rest>.*)$", versioned),
    path("", include("apps.storefront.urls")),
]

handler404 = "apps.core.api.problems.not_found"
handler500 = "apps.core.api.problems.server_error"
