"""Every URL of the platform, by prefix; the rest is in each app's urls.py."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("health/", include("apps.ops.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
]
