"""A developer's machine: secrets that are none, the sandbox in place of processors."""

import os

from fanz.settings.secrets import DEVELOPMENT_SECRETS

for _name, _value in DEVELOPMENT_SECRETS.items():
    os.environ.setdefault(_name, _value)
os.environ.setdefault("PAXUM_ENVIRONMENT", "SANDBOX")
os.environ.setdefault("ALLOWED_HOSTS", ".localhost,127.0.0.1,testserver")
os.environ.setdefault("CCBILL_WEBHOOK_NETWORKS", "127.0.0.0/8")
_sandbox = os.environ.setdefault("SANDBOX_URL", "http://127.0.0.1:8010")
os.environ.setdefault("CCBILL_FLEXFORMS_URL", f"{_sandbox}/ccbill/wap-frontflex/flexforms")
os.environ.setdefault("CCBILL_DATALINK_URL", f"{_sandbox}/ccbill/datalink")
os.environ.setdefault("CCBILL_BILLING_URL", f"{_sandbox}/ccbill")
os.environ.setdefault("PAXUM_API_URL", f"{_sandbox}/paxum/payment/api/paymentAPI.php")

from fanz.settings.base import *  # noqa: E402, F403

DEBUG = env.bool("DEBUG", default=True)
HTTP_ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8", "::1/128"]
WEBHOOKS_OVER_HTTP = True
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
DEFAULT_FROM_EMAIL = "FANZ <no-reply@fanz.example>"
EMAIL_FILE_PATH = os.environ.get("MAIL_DIRECTORY", str(BASE_DIR / "build" / "mail"))
INSTALLED_APPS = [*INSTALLED_APPS, "django_linear_migrations", "django_migration_linter"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
DEVELOPMENT_DOMAINS = True
BRAND_ADDRESS = f"http://{{host}}:{os.environ.get('PORT') or 8000}"
