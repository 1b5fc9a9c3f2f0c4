"""SSO-7: how often a client may ask."""

from rest_framework.throttling import SimpleRateThrottle


class ApiThrottle(SimpleRateThrottle):
    """100 requests a minute for a person, or for an address when nobody is signed in."""

    rate = "100/min"
    scope = "api"

    def get_cache_key(self, request, view):  # type: ignore[no-untyped-def]
        ident = request.user.pk if request.user.is_authenticated else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}
