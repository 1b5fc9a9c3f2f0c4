"""What others see of a person on one brand."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts import services as accounts
from apps.accounts.api import requests
from apps.core.errors import DomainError
from apps.storefront.views.forms import ProfileForm

#: What a refusal is about -> the field it is shown at.
FIELDS = {"accounts.display_name_missing": "display_name", "accounts.bio_too_long": "bio"}


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def become_creator(request: HttpRequest) -> HttpResponse:
    """Open a creator page on this brand; who has one is led to its settings."""
    if requests.profile(request).is_creator:
        return redirect("storefront:profile")
    form = ProfileForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            profile = accounts.open_creator_profile(
                user=requests.actor(request),
                cluster=requests.cluster_of(request),
                now=timezone.now(),
                by=requests.actor(request),
                **form.cleaned_data,
            )
        except DomainError as refusal:
            form.add_error(FIELDS.get(refusal.code, "handle"), refusal.message)
        else:
            messages.success(request, "Your page is open. Fans can tip you from now on.")
            return redirect("storefront:creator", handle=profile.handle)
    status = 422 if form.errors else 200
    return render(request, "storefront/become_creator.html", {"form": form}, status=status)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    """Show and change the name, handle and bio that others see on this brand."""
    profile = requests.profile(request)
    names = ("display_name", "handle", "bio")
    initial = {name: getattr(profile, name) for name in names}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            accounts.edit_profile(
                profile=profile,
                by=requests.actor(request),
                now=timezone.now(),
                **form.cleaned_data,
            )
        except DomainError as refusal:
            form.add_error(FIELDS.get(refusal.code, "handle"), refusal.message)
        else:
            messages.success(request, "Saved. This is what others see now.")
            return redirect("storefront:profile")
    context = {"form": form, "profile": profile}
    status = 422 if form.errors else 200
    return render(request, "storefront/profile.html", context, status=status)
