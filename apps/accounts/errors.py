"""How accounts say no."""

from apps.core import errors


class HandleTaken(errors.Conflict):
    code = "accounts.handle_taken"
    message = "This name is taken on this site."


class HandleMalformed(errors.Invalid):
    code = "accounts.handle_malformed"
    message = "A name has 3 to 40 small letters, digits, '-' or '_', and starts with a letter."


class HandleReserved(errors.Invalid):
    code = "accounts.handle_reserved"
    message = "This name may be mistaken for the site itself."


class DisplayNameMissing(errors.Invalid):
    code = "accounts.display_name_missing"
    message = "A display name has 1 to 80 characters, and not only spaces."


class BioTooLong(errors.Invalid):
    code = "accounts.bio_too_long"
    message = "A bio has at most 1000 characters."


class RoleUnknown(errors.Invalid):
    code = "accounts.role_unknown"
    message = "There is no such role."


class PermissionUnknown(errors.Invalid):
    code = "accounts.permission_unknown"
    message = "The table of roles names permissions that no app defines."


class OwnRole(errors.NotAllowed):
    code = "accounts.own_role"
    message = "Nobody changes their own roles."


class MayNotGrant(errors.NotAllowed):
    code = "accounts.may_not_grant"
    message = "Changing roles needs the permission to do so."


class AgeNotVerified(errors.NotAllowed):
    code = "accounts.age_not_verified"
    message = "Show that you are of age first: nothing was charged."


class Underage(errors.NotAllowed):
    code = "accounts.underage"
    message = "Only adults may buy here: nothing was charged."


class AgeStateUnknown(errors.Invalid):
    code = "accounts.age_state_unknown"
    message = "The outcome of an age check is one of ADULT, MINOR and UNKNOWN."


class OwnAge(errors.NotAllowed):
    code = "accounts.own_age"
    message = "Nobody records their own age check."


class MayNotCheckAge(errors.NotAllowed):
    code = "accounts.may_not_check_age"
    message = "Recording an age check needs the permission to do so."


class ReasonMissing(errors.Invalid):
    code = "accounts.reason_missing"
    message = "Say what the age is known from."
