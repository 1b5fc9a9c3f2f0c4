"""The person who asks, as they are on this brand."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors, services
from apps.accounts.api.requests import actor, profile
from apps.accounts.api.serializers import MeInput, MeOutput
from apps.accounts.models import Profile


class Me(APIView):
    """Account, roles and the profile on the brand whose host is called."""

    @extend_schema(responses=MeOutput)
    def get(self, request: Request) -> Response:
        return _answer(request, profile(request))

    @extend_schema(request=MeInput, responses=MeOutput)
    def patch(self, request: Request) -> Response:
        form = MeInput(data=request.data)
        form.is_valid(raise_exception=True)
        edited = services.edit_profile(
            profile=profile(request), by=actor(request), now=timezone.now(), **form.validated_data
        )
        return _answer(request, edited)


def _answer(request: Request, shown: Profile) -> Response:
    user = actor(request)
    me = {
        "email": user.email,
        "roles": selectors.roles_of(user),
        "cluster": shown.cluster.slug,
        "profile": shown,
    }
    return Response(MeOutput(me).data)
