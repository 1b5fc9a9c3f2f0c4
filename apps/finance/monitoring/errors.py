"""Why something about monitoring is refused. A refusal has changed nothing."""

from apps.core.errors import Invalid, NotAllowed, NotFound


class SettingNotAllowed(NotAllowed):
    code = "monitoring.setting_not_allowed"
    message = "Your roles do not include the lines of monitoring."


class AlertNotFound(NotFound):
    code = "monitoring.alert_not_found"
    message = "There is no such alert."


class ReasonMissing(Invalid):
    code = "monitoring.reason_missing"
    message = "Say what you found or did, for the record."


class BadLine(Invalid):
    code = "monitoring.bad_line"
    message = "A line has a ratio above zero and below 100 %, and a least count of one or more."
