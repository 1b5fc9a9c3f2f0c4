"""Every URL of the platform, by prefix; the rest is in each app's urls.py."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.utils.encoding import escape_uri_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView


class PermanentRedirect(HttpResponse):
    """308: unlike 301, the client repeats method and body (RFC 9110 15.4.9)."""

    status_code = 308


def versioned(request: HttpRequest, rest: str) -> HttpResponse:
    """Lead a path without a version to the first one, with its query."""
    query = request.META.get("QUERY_STRING", "")
    address = f"/api/v1/{escape_uri_path(rest)}" + (f"?{query}" if query else "")
    return PermanentRedirect(headers={"Location": address})


urlpatterns = [
    path("health/", include("apps.ops.urls")),
    path("webhooks/", include("apps.finance.payments.urls")),
    path("api/v1/payments/", include("apps.payouts.api.urls")),
    path("api/v1/payments/", include("apps.finance.payments.api.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("api/v1/me/", include("apps.accounts.api.urls")),
    path("api/v1/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("", include("apps.storefront.urls")),
    re_path(r"^api/(?!v\d)(?P<rest>.*)$", versioned),
]

handler404 = "apps.core.api.problems.not_found"
handler500 = "apps.core.api.problems.server_error"
