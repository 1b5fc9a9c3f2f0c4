"""Why something about an endpoint is refused. A refusal has changed nothing."""

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound


class BadAddress(Invalid):
    code = "webhooks.bad_address"
    message = "The address must be an https:// one of a public host, without user or fragment."


class NothingChosen(Invalid):
    code = "webhooks.nothing_chosen"
    message = "Choose at least one kind of event that exists."


class ReasonMissing(Invalid):
    code = "webhooks.reason_missing"
    message = "Say why, for the record."


class EndpointExists(Conflict):
    code = "webhooks.endpoint_exists"
    message = "The brand has an endpoint at this address already."


class WrongState(Conflict):
    code = "webhooks.wrong_state"
    message = "It is not in a state that permits this."


class EndpointNotFound(NotFound):
    code = "webhooks.endpoint_not_found"
    message = "There is no such endpoint."


class SendingNotFound(NotFound):
    code = "webhooks.sending_not_found"
    message = "There is no such message."


class ManagingNotAllowed(NotAllowed):
    code = "webhooks.managing_not_allowed"
    message = "Your roles do not include managing endpoints."
