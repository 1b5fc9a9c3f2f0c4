"""How the console itself says no."""

from apps.core import errors


class NotPermitted(errors.NotAllowed):
    code = "dash.not_permitted"
    message = "Your role does not include this."


class EventNotParked(errors.Conflict):
    code = "dash.event_not_parked"
    message = "The event is not parked."
