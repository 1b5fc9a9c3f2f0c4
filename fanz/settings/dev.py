"""A developer's machine: secrets that are none, the sandbox in place of processors."""

import os

DEV_DEFAULTS = {
    "SECRET_KEY": "development-only-secret-key-of-more-than-fifty-characters-0123456789",
    "ALLOWED_HOSTS": ".localhost,127.0.0.1,testserver",
    "CCBILL_SALT": "development-salt",
    "CCBILL_WEBHOOK_TOKEN": "development-webhook-token",
    "CCBILL_WEBHOOK_NETWORKS": "127.0.0.0/8",
    "CCBILL_DATALINK_USERNAME": "sandbox",
    "CCBILL_DATALINK_PASSWORD": "sandbox",
    "PAXUM_FROM_EMAIL": "payouts@fanz.example",
    "PAXUM_SHARED_SECRET": "development-paxum-secret",
    "PAXUM_ACCOUNT_ID": "590900",
}
for _name, _value in DEV_DEFAULTS.items():
    os.environ.setdefault(_name, _value)
_sandbox = os.environ.setdefault("SANDBOX_URL", "http://127.0.0.1:8010")
os.environ.setdefault("CCBILL_FLEXFORMS_URL", f"{_sandbox}/ccbill/wap-frontflex/flexforms")
os.environ.setdefault("CCBILL_DATALINK_URL", f"{_sandbox}/ccbill/datalink")
os.environ.setdefault("PAXUM_API_URL", f"{_sandbox}/paxum/payment/api/paymentAPI.php")

from fanz.settings.base import *  # noqa: E402, F403

DEBUG = env.bool("DEBUG", default=True)
HTTP_ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8", "::1/128"]
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
INSTALLED_APPS = [*INSTALLED_APPS, "django_linear_migrations"]
