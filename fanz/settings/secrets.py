"""The secrets the platform needs, each with the value a developer's machine uses.

Production refuses a missing one, and these values too: they are public.
"""

from fanz.settings.development_key import DEVELOPMENT_JWT_KEY

DEVELOPMENT_SECRETS = {
    "SECRET_KEY": "development-only-secret-key-of-more-than-fifty-characters-0123456789",
    "JWT_PRIVATE_KEY": DEVELOPMENT_JWT_KEY,
    "FIELD_ENCRYPTION_KEY": "development-only-field-encryption-key",
    "CCBILL_SALT": "development-salt",
    "CCBILL_WEBHOOK_TOKEN": "development-webhook-token",
    "CCBILL_DATALINK_USERNAME": "sandbox",
    "CCBILL_DATALINK_PASSWORD": "sandbox",
    "PAXUM_FROM_EMAIL": "payouts@fanz.example",
    "PAXUM_SHARED_SECRET": "development-paxum-secret",
    "PAXUM_ACCOUNT_ID": "590900",
}
