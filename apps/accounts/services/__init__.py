"""What can be done to accounts."""

from apps.accounts.services.age import record_age_check
from apps.accounts.services.people import create_account, enrol_authenticator
from apps.accounts.services.profiles import edit_profile, ensure_profile, open_creator_profile
from apps.accounts.services.roles import grant_role, revoke_role, sync_roles

__all__ = [
    "create_account",
    "edit_profile",
    "enrol_authenticator",
    "ensure_profile",
    "grant_role",
    "open_creator_profile",
    "record_age_check",
    "revoke_role",
    "sync_roles",
]
