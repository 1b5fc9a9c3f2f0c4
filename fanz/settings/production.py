"""Production: everything from the environment, nothing guessed, no public secret accepted."""

import os
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from fanz.settings.base import *  # noqa: F403
from fanz.settings.secrets import DEVELOPMENT_SECRETS

#: What has a default for a developer's machine and must be said out loud here.
REQUIRED = ["DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "EMAIL_URL", "DEFAULT_FROM_EMAIL"]

#: What Django's own deployment check demands (security.W009).
SECRET_KEY_LENGTH = 50
SHORT_KEY = f"SECRET_KEY needs {SECRET_KEY_LENGTH} characters or more"


def _complaints() -> list[str]:
    missing = [name for name in [*REQUIRED, *DEVELOPMENT_SECRETS] if not os.environ.get(name)]
    public = [name for name, value in DEVELOPMENT_SECRETS.items() if os.environ.get(name) == value]
    plain = [
        name
        for name, url in {
            "CCBILL_FLEXFORMS_URL": CCBILL["flexforms_url"],
            "CCBILL_DATALINK_URL": CCBILL["datalink_url"],
            "CCBILL_BILLING_URL": CCBILL["billing_url"],
            "PAXUM_API_URL": PAXUM["api_url"],
        }.items()
        if urlsplit(url).scheme != "https"
    ]
    return [
        *(f"{name} is missing" for name in missing),
        *(f"{name} has the public development value" for name in public),
        *(f"{name} must be https: the sandbox is for development" for name in plain),
        *(
            [f"SECRET_KEY needs {SECRET_KEY_LENGTH} characters or more"]
            if 0 < len(SECRET_KEY) < SECRET_KEY_LENGTH
            else []
        ),
        *(["SANDBOX_URL must not be set"] if "SANDBOX_URL" in os.environ else []),
    ]


if _problems := _complaints():
    raise ImproperlyConfigured("Production cannot start: " + "; ".join(_problems) + ".")

# --- HTTPS only (RTE-3) -------------------------------------------------------------
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
vars().update(env.email_url("EMAIL_URL"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("DEFAULT_FROM_EMAIL")
