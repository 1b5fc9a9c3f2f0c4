"""Who is asking, typed: what every API and page view needs of its request."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from apps.accounts import services
from apps.accounts.models import Profile, User
from apps.clusters.models import Cluster


def actor(request: HttpRequest | Request) -> User:
    """Return the person signed in.

    :raises NotAuthenticated: nobody is
    """
    user = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    return user


def cluster_of(request: HttpRequest | Request) -> Cluster:
    """Return the brand of this request, which the host name decided.

    :raises Http404: the address is of no brand (probes, webhooks)
    """
    cluster = getattr(request, "cluster", None)
    if not isinstance(cluster, Cluster):
        raise Http404
    return cluster


def profile(request: HttpRequest | Request) -> Profile:
    """Return the person's profile on the brand of this request, made on first use.

    :raises NotAuthenticated: nobody is signed in
    """
    return services.ensure_profile(
        user=actor(request), cluster=cluster_of(request), now=timezone.now()
    )
