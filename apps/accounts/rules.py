"""Pure decisions: names people may take, and what each role may do."""

from __future__ import annotations

import re
from collections.abc import Collection
from fnmatch import fnmatchcase

from apps.accounts import errors
from apps.accounts.choices import AgeState

_HANDLE = re.compile(r"[a-z][a-z0-9_-]{2,39}")
#: Names that would let a profile pass for the site, its staff or one of its pages.
RESERVED_HANDLES = frozenset({
    "about", "account", "accounts", "admin", "administrator", "api", "billing", "checkout",
    "compliance", "creator", "creators", "earnings", "fanz", "finance", "health", "help",
    "legal", "login", "logout", "me", "moderator", "payments", "payouts", "privacy", "root",
    "security", "settings", "signup", "staff", "static", "support", "system", "terms", "wallet",
    "webhooks",
})  # fmt: skip
DISPLAY_NAME_LENGTH = 80
BIO_LENGTH = 1000


def clean_handle(handle: str) -> str:
    """Return the handle as it is stored: small letters, no spaces around.

    :raises HandleMalformed: it is too short, too long or has other characters
    :raises HandleReserved: it names the site, its staff or one of its pages
    """
    cleaned = handle.strip().lower()
    if not _HANDLE.fullmatch(cleaned):
        raise errors.HandleMalformed(handle=handle[:60])
    if cleaned in RESERVED_HANDLES:
        raise errors.HandleReserved(handle=cleaned)
    return cleaned


def clean_display_name(name: str) -> str:
    """Return the name with runs of white space made one space.

    :raises DisplayNameMissing: nothing to see remains, or it is too long
    """
    cleaned = " ".join(name.split())
    if not cleaned.isprintable() or not 1 <= len(cleaned) <= DISPLAY_NAME_LENGTH:
        raise errors.DisplayNameMissing()
    return cleaned


def clean_bio(bio: str) -> str:
    """Return the text without white space around it.

    :raises BioTooLong: it has over BIO_LENGTH characters
    """
    cleaned = bio.strip()
    if len(cleaned) > BIO_LENGTH:
        raise errors.BioTooLong(length=len(cleaned), most=BIO_LENGTH)
    return cleaned


def check_adult(state: str) -> None:
    """Let only those buy who were found to be adults; what is not known lets nobody.

    Sites like ours must find out who is a child: UK Online Safety Act 2023, section 81; Texas
    Civil Practice and Remedies Code, chapter 129B, and the like of other states.

    :raises Underage: the person is known to be a minor
    :raises AgeNotVerified: nobody has found the person to be an adult
    """
    if state == AgeState.MINOR:
        raise errors.Underage
    if state != AgeState.ADULT:
        raise errors.AgeNotVerified


FINANCE_VIEWS = (
    "ledger.view_*",
    "fx.view_*",
    "tax.view_*",
    "monitoring.view_*",
    "payments.view_*",
    "debits.view_*",
    "payouts.view_*",
    "reconciliation.view_*",
    "routing.view_*",
    "risk.view_*",
    "reports.view_*",
    "entitlements.view_*",
    "purchases.view_*",
    "subscriptions.view_*",
    "clusters.view_*",
)

#: SSO-5: what each role may do in FanzDash, and no more. A star stands for every model of an
#: app. `manage.py sync_roles` makes the groups equal to this table.
ROLES: dict[str, tuple[str, ...]] = {
    "fan": (),
    "creator": (),
    "moderator": (
        "accounts.view_profile",
        "clusters.view_*",
        "subscriptions.view_plan",
        "subscriptions.view_pricechange",
        "subscriptions.view_promotion",
        "subscriptions.moderate_plan",
    ),
    "finance": (
        *FINANCE_VIEWS,
        "accounts.view_profile",
        "ledger.propose_*",
        "ledger.approve_proposal",
        "ledger.close_account",
        "ledger.close_period",
        "ledger.freeze_account",
        "payments.replay_webhook",
        "payments.settle_unknown",
        "monitoring.set_threshold",
        "monitoring.note_alert",
        "payments.refund_transaction",
        "payments.approve_refund",
        "subscriptions.cancel_subscription",
        "subscriptions.retry_subscription",
        "subscriptions.note_subscription",
        "subscriptions.set_dunning_policy",
        "payments.manage_dispute",
        "payments.set_refund_policy",
        "payments.manage_merchantaccount",
        "payments.approve_merchantaccount",
        "payments.set_fee",
        "purchases.give_back_purchase",
        "debits.approve_file",
        "debits.hand_over_file",
        "debits.take_bankfile",
        "debits.settle_bankitem",
        "debits.settle_foundfile",
        "debits.end_mandate",
        "fx.record_rate",
        "fx.exchange_currency",
        "tax.set_rate",
        "tax.confirm_rate",
        "tax.turn_tax",
        "tax.make_statements",
        "tax.take_statements",
        "reconciliation.import_statement",
        "reconciliation.settle_exception",
        "reconciliation.set_source",
        "routing.edit_rules",
        "routing.activate_rules",
        "routing.run_replay",
        "risk.review_payment",
        "risk.edit_block_list",
        "risk.write_rules",
        "risk.make_live",
        "risk.run_back_test",
    ),
    "payouts": (
        "payouts.view_*",
        "payouts.approve_payout",
        "payouts.reject_payout",
        "payouts.settle_payout",
        "ledger.view_*",
        "accounts.view_profile",
        "clusters.view_*",
    ),
    "compliance": (
        *FINANCE_VIEWS,
        "ledger.freeze_account",
        "accounts.view_user",
        "accounts.view_profile",
        "accounts.check_age",
        "purchases.archive_item",
        "purchases.close_goal",
        "audit.view_*",
        "risk.review_payment",
        "risk.edit_block_list",
        "notifications.view_message",
    ),
    "support": (
        "accounts.view_user",
        "accounts.view_profile",
        "payments.view_*",
        "payments.replay_webhook",
        "payments.refund_transaction",
        "subscriptions.view_subscription",
        "subscriptions.view_pastdue",
        "subscriptions.view_gift",
        "subscriptions.view_plan",
        "subscriptions.view_pricechange",
        "subscriptions.view_promotion",
        "subscriptions.cancel_subscription",
        "subscriptions.retry_subscription",
        "subscriptions.note_subscription",
        "payouts.view_*",
        "clusters.view_*",
        "webhooks.view_*",
        "webhooks.resend_message",
        "notifications.view_message",
        "notifications.resend_message",
        "risk.view_assessment",
        "risk.review_payment",
        "entitlements.view_*",
        "entitlements.grant_entitlement",
        "entitlements.withdraw_entitlement",
        "purchases.view_*",
        "purchases.give_back_purchase",
        "purchases.archive_item",
    ),
    "security": (
        "accounts.view_user",
        "accounts.view_profile",
        "audit.view_*",
        "auth.view_group",
        "clusters.view_*",
    ),
    "admin": (
        *FINANCE_VIEWS,
        "accounts.view_user",
        "accounts.view_profile",
        "accounts.manage_roles",
        "accounts.check_age",
        "audit.view_*",
        "auth.view_group",
        "core.view_*",
        "core.requeue_outboxmessage",
        "ledger.approve_proposal",
        "ledger.close_account",
        "ledger.close_period",
        "ledger.freeze_account",
        "payments.replay_webhook",
        "payments.settle_unknown",
        "payments.refund_transaction",
        "payments.approve_refund",
        "subscriptions.moderate_plan",
        "subscriptions.cancel_subscription",
        "subscriptions.retry_subscription",
        "subscriptions.note_subscription",
        "subscriptions.set_dunning_policy",
        "payments.manage_dispute",
        "payments.set_refund_policy",
        "payments.manage_merchantaccount",
        "payments.approve_merchantaccount",
        "payments.set_fee",
        "purchases.give_back_purchase",
        "debits.approve_file",
        "debits.hand_over_file",
        "debits.take_bankfile",
        "debits.settle_bankitem",
        "debits.settle_foundfile",
        "debits.end_mandate",
        "payouts.approve_payout",
        "payouts.reject_payout",
        "payouts.settle_payout",
        "reconciliation.import_statement",
        "reconciliation.settle_exception",
        "reconciliation.set_source",
        "routing.edit_rules",
        "routing.activate_rules",
        "routing.run_replay",
        "risk.review_payment",
        "risk.edit_block_list",
        "risk.write_rules",
        "risk.make_live",
        "risk.run_back_test",
        "entitlements.grant_entitlement",
        "entitlements.withdraw_entitlement",
        "purchases.archive_item",
        "purchases.close_goal",
        "webhooks.view_*",
        "webhooks.manage_endpoint",
        "webhooks.resend_message",
        "notifications.view_message",
        "notifications.resend_message",
    ),
}
#: Roles that open FanzDash, given a second factor.
STAFF_ROLES = frozenset(ROLES) - {"fan", "creator"}


def check_role(role: str) -> None:
    """
    :raises RoleUnknown: the table has no such role
    """
    if role not in ROLES:
        raise errors.RoleUnknown(role=role, known=sorted(ROLES))


def expand_permissions(role: str, known: Collection[str]) -> tuple[set[str], list[str]]:
    """Return the role's permissions out of the ``known`` ones, and its entries that match none."""
    granted: set[str] = set()
    missing: list[str] = []
    for entry in ROLES[role]:
        matches = {name for name in known if fnmatchcase(name, entry)}
        granted |= matches
        if not matches:
            missing.append(entry)
    return granted, missing
