"""How entitlements say no."""

from apps.core import errors


class GrantMalformed(errors.Invalid):
    code = "entitlements.grant_malformed"
    message = "This cannot be granted as it is asked for."


class GrantEnded(errors.Invalid):
    code = "entitlements.grant_ended"
    message = "The end must be later than now, or later than the beginning."


class OtherBrand(errors.NotFound):
    code = "entitlements.other_brand"
    message = "There is no such creator on this person's brand."


class EntitlementNotFound(errors.NotFound):
    code = "entitlements.not_found"
    message = "There is no such entitlement."


class AlreadyWithdrawn(errors.Conflict):
    code = "entitlements.already_withdrawn"
    message = "This entitlement is withdrawn already."


class MayNotGrant(errors.NotAllowed):
    code = "entitlements.may_not_grant"
    message = "This needs the permission to do so, and nobody grants to themselves."


class ReasonMissing(errors.Invalid):
    code = "entitlements.reason_missing"
    message = "Say why."
