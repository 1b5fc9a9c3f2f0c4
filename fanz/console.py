"""FanzDash is Django's admin with a gate: django-otp decides who enters, unfold how it looks."""

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    default_site = "apps.dash.sites.ConsoleSite"
