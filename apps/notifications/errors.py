"""Why something about mail is refused. A refusal has changed nothing."""

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound


class KindUnknown(Invalid):
    code = "notifications.kind_unknown"
    message = "There is no such kind of mail."


class BadKey(Invalid):
    code = "notifications.bad_key"
    message = "Give a key of 1 to 120 characters."


class ContextMissing(Invalid):
    code = "notifications.context_missing"
    message = "The mail would not say what it must."


class ReasonMissing(Invalid):
    code = "notifications.reason_missing"
    message = "Say why, for the record."


class NotOptional(Conflict):
    code = "notifications.not_optional"
    message = "This mail is part of what you bought and cannot be turned off."


class WrongState(Conflict):
    code = "notifications.wrong_state"
    message = "The mail is not in a state that permits this."


class MessageNotFound(NotFound):
    code = "notifications.message_not_found"
    message = "There is no such mail."


class BadLink(NotFound):
    code = "notifications.bad_link"
    message = "This link is not one of ours, or it is for another site."


class ManagingNotAllowed(NotAllowed):
    code = "notifications.managing_not_allowed"
    message = "Your roles do not include managing mail."
