"""The console's site object (helper H completes)."""

from django_otp.admin import OTPAdminSite
from unfold.sites import UnfoldAdminSite


class ConsoleSite(OTPAdminSite, UnfoldAdminSite):
    """Unfold's look, django-otp's gate, allauth's sign-in."""

    login_form = None
    login_template = "admin/login.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
