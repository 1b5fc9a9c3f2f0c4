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
