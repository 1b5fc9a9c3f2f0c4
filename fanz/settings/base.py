"""Settings every environment shares. Values that differ come from the environment."""

from pathlib import Path

import environ

from fanz.settings.beat import CELERY_BEAT_SCHEDULE  # noqa: F401
from fanz.settings.console import STATIC_URL, UNFOLD  # noqa: F401
from fanz.settings.logging import LOGGING  # noqa: F401

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()

# --- Identity ---------------------------------------------------------------------
SECRET_KEY = env("SECRET_KEY", default="")
DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
ROOT_URLCONF = "fanz.urls"
WSGI_APPLICATION = "fanz.wsgi.application"
AUTH_USER_MODEL = "accounts.User"

# --- Applications, lowest layer first (docs/architecture.md) ----------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # its default one would replace our site and the gate with it
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "fanz.console.ConsoleConfig",  # django.contrib.admin with FanzDash as its default site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.headless",
    "allauth.usersessions",
    "django_otp",
    "csp",
    "apps.core",
    "apps.audit",
    "apps.clusters",
    "apps.accounts",
    "apps.notifications",
    "apps.finance.ledger",
    "apps.finance.fx",
    "apps.finance.tax",
    "apps.finance.routing",
    "apps.finance.risk",
    "apps.finance.payments",
    "apps.finance.monitoring",
    "apps.finance.debits",
    "apps.finance.subscriptions",
    "apps.finance.entitlements",
    "apps.finance.purchases",
    "apps.payouts",
    "apps.finance.reconciliation",
    "apps.finance.reports",
    "apps.webhooks",
    "apps.storefront",
    "apps.ops",
    "apps.dash",
]

MIDDLEWARE = [
    "apps.core.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "fanz.middleware.WebhookMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "fanz.middleware.ClusterMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.SecondFactorMiddleware",
    "apps.accounts.middleware.AuthThrottleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "fanz.context.brand",
            ]
        },
    }
]

# --- Database ---------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default="postgres://fanz@127.0.0.1:5432/fanz")}
DATABASES["default"] |= {
    "ATOMIC_REQUESTS": False,  # services own their transactions
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        **DATABASES["default"].get("OPTIONS", {}),
        "pool": {
            "min_size": 1,
            "max_size": env.int("DATABASE_POOL_SIZE", default=8),
            "timeout": 10,
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Valkey: cache 1, Celery 3 ------------------------------------------------------
REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379")


def redis_database(number: int) -> str:
    """Return the address of one numbered database of the server at REDIS_URL."""
    if REDIS_URL.startswith("unix://"):
        return f"{REDIS_URL}?db={number}"
    return f"{REDIS_URL.rstrip('/')}/{number}"


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_database(1),
        # Seconds: a request does not wait for a cache that is down or frozen.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
SESSION_ENGINE = "fanz.sessions"  # cached_db, bound to the brand
# Cookies have no Domain: the browser sends them to the very host that set them.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True

# --- Brands -------------------------------------------------------------------------
#: Answer to <slug>.localhost, and to localhost for the portal.
DEVELOPMENT_DOMAINS = False
#: How long a process may go on without a change that staff made to brands and domains.
CLUSTER_DIRECTORY_SECONDS = 5
#: How addresses of a brand begin where no request tells it: in mails.
BRAND_ADDRESS = "https://{host}"
#: Where people of a brand write to; ``{host}`` is its primary host name.
SUPPORT_ADDRESS = env("SUPPORT_ADDRESS", default="support@{host}")

# --- Mail (apps.notifications) --------------------------------------------------------
#: Seconds for each step of the conversation with the mail server.
EMAIL_TIMEOUT = 15
#: Days after which the words of mail that was sent are emptied; the fact and a hash of them stay.
#: Card networks take disputes for 540 days at most after the sale.
MAIL_TEXT_KEPT_DAYS = env.int("MAIL_TEXT_KEPT_DAYS", default=540)
#: Of mail that proves what was agreed to, or told ahead: three years, and one of a subscription.
MAIL_PROOF_KEPT_DAYS = env.int("MAIL_PROOF_KEPT_DAYS", default=1461)
#: The Maildir that mail to our sender's address is delivered to; empty: staff mark what came back.
MAIL_RETURN_BOX = env("MAIL_RETURN_BOX", default="")

# --- Celery -------------------------------------------------------------------------
CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://") + "?virtual_host=3"
    if REDIS_URL.startswith("unix://")
    else redis_database(3)
)
CELERY_RESULT_BACKEND = None  # outcomes are rows of the domain, not of the queue
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 4.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900}
#: Of connections that publish (fanz.celery): whoever tells a worker does not wait for a broker
#: that is down or frozen. Seconds, for each step on the wire; no second try.
BROKER_PUBLISH_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 1, "max_retries": 0}
CELERY_TIMEZONE = "UTC"

# --- Time ---------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"

# --- Static files -------------------------------------------------------------------
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- Sign-in: allauth holds accounts and factors; django-otp sees its factors --------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_ADAPTER = "apps.accounts.adapters.AccountAdapter"
# NIST SP 800-63B-4 3.1.1.2: length and a list of common passwords, no rules of composition.
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
# Tries are counted by account and address together (apps.accounts.middleware): were they
# counted by account alone, a stranger could lock its owner out.
ACCOUNT_RATE_LIMITS = {"login_failed": "30/15m/ip,5/15m/key"}
MFA_ADAPTER = "apps.accounts.adapters.MFAAdapter"
MFA_TOTP_ISSUER = "FANZ"
MFA_TOTP_TOLERANCE = 1  # one step late or early, as RFC 6238 (5.2) advises for slow hands
FIELD_ENCRYPTION_KEY = env("FIELD_ENCRYPTION_KEY", default="")
HEADLESS_CLIENTS = ("app",)
HEADLESS_TOKEN_STRATEGY = "apps.accounts.adapters.TokenStrategy"  # noqa: S105
HEADLESS_JWT_PRIVATE_KEY = env("JWT_PRIVATE_KEY", default="").replace("\\n", "\n")
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 300
HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED = True  # signing out ends access tokens at once
LOGIN_REDIRECT_URL = "/"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # e-mail is unique by a constraint on lower(email), which the check cannot see
]

# --- API ----------------------------------------------------------------------------
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "apps.core.api.problems.exception_handler",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "allauth.headless.contrib.rest_framework.authentication.JWTTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "apps.core.api.pagination.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["apps.core.api.throttles.ApiThrottle"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "FANZ API",
    "DESCRIPTION": "Back office of the FANZ brands. Money is text, errors are problem+json.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "EntryKindEnum": "apps.finance.ledger.choices.EntryKind",
        "PaymentMethodEnum": "apps.finance.payments.choices.Method",
        "SubscribingMethodEnum": "apps.finance.subscriptions.api.serializers.METHODS",
        "SubscriptionStateEnum": "apps.finance.subscriptions.choices.State",
        "PeriodKindEnum": "apps.finance.subscriptions.choices.PeriodKind",
        "PeriodStateEnum": "apps.finance.subscriptions.choices.PeriodState",
        "PlanStatusEnum": "apps.finance.subscriptions.choices.PlanStatus",
        "PromotionStatusEnum": "apps.finance.subscriptions.choices.PromotionStatus",
        "PromotionAudienceEnum": "apps.finance.subscriptions.choices.Audience",
        "ItemKindEnum": "apps.finance.purchases.choices.ItemKind",
        "ItemStatusEnum": "apps.finance.purchases.choices.ItemStatus",
        "ItemAudienceEnum": "apps.finance.purchases.choices.Audience",
    },
}

# --- Outgoing HTTP (apps.core.http) ---------------------------------------------------
#: Private networks that outgoing calls may reach; empty in production.
HTTP_ALLOWED_PRIVATE_NETWORKS: list[str] = []
#: Front ends are told over https; a machine of a developer may listen without.
WEBHOOKS_OVER_HTTP = False

# --- The books -----------------------------------------------------------------------
#: What a source in the books names: its first word and the table whose row must exist.
LEDGER_SOURCES = {
    "transaction": "payments_transaction",
    "payout": "payouts_payout",
    "reconciliation": "reconciliation_exception",
    "settlement": "reconciliation_exception",
    "funding": "reconciliation_exception",
    "exchange": "fx_exchange",
}
#: What must be done above the ledger before a month is closed; each called with the first and the
#: last day of the month and the time, answering ChecklistItems.
LEDGER_CHECKLIST = [
    "apps.finance.payments.selectors.month_end.month_end",
    "apps.finance.reconciliation.selectors.month_end.month_end",
]
#: What apps above payments know of a disputed payment (access, messages, terms accepted); each is
#: called with the payment's id and answers apps.finance.payments.rules.evidence.Section.
EVIDENCE_PROVIDERS: list[str] = ["apps.finance.subscriptions.selectors.evidence.sections_of"]

# --- Subscriptions --------------------------------------------------------------------
SUBSCRIPTIONS = {
    # A price that rises by more than this must be agreed to by every subscriber.
    "consent_above_bps": env.int("SUBSCRIPTIONS_CONSENT_ABOVE_BPS", default=5_000),
    # Where silence is no consent to a higher price, whatever it rises by: Germany (Federal Court
    # of Justice, 27 April 2021, XI ZR 26/20). ISO 3166 codes.
    "consent_countries": env.list("SUBSCRIPTIONS_CONSENT_COUNTRIES", default=["DE"]),
}

# --- Processors -----------------------------------------------------------------------
CCBILL = {
    "flexforms_url": env(
        "CCBILL_FLEXFORMS_URL", default="https://api.ccbill.com/wap-frontflex/flexforms"
    ),
    "datalink_url": env("CCBILL_DATALINK_URL", default="https://datalink.ccbill.com"),
    "billing_url": env("CCBILL_BILLING_URL", default="https://bill.ccbill.com"),
    "salt": env("CCBILL_SALT", default=""),
    "datalink_username": env("CCBILL_DATALINK_USERNAME", default=""),
    "datalink_password": env("CCBILL_DATALINK_PASSWORD", default=""),
    "webhook_token": env("CCBILL_WEBHOOK_TOKEN", default=""),
    "webhook_networks": env.list(
        "CCBILL_WEBHOOK_NETWORKS",
        default=["64.38.212.0/24", "64.38.215.0/24", "64.38.240.0/24", "64.38.241.0/24"],
    ),
}
#: How long a process remembers what hot paths read (the active routing rules, accounts' figures).
MEMORY_SECONDS = 5
#: Addresses and secrets of the other gateways, by the name a MID refers to them with.
GATEWAY_CREDENTIALS: dict[str, dict[str, str]] = env.json("GATEWAY_CREDENTIALS", default={})
# Bank debits, by scheme: when a file is due (the bank's local time), how many open days a debit is
# held without a return before it counts, the days a payer is told before (SEPA: 14), and whether a
# line of the account's statement ends the hold; how often a debit is presented again for lack of
# money, and how many open days later; the open days that prove an account by a prenote.
DEBIT_TERMS: dict[str, dict[str, object]] = {
    "ACH": {
        "cut_off": "16:30",
        "hold_days": 4,
        "notice_days": 0,
        "statement_settles": False,
        # Nacha 2.13.4: an entry returned R01 or R09 twice more at most, within 180 days.
        "retries": 2,
        "retry_after_days": 3,
        "prenote_days": 3,
    },
    "SEPA": {"cut_off": "10:00", "hold_days": 6, "notice_days": 14, "statement_settles": False},
} | env.json("DEBIT_TERMS", default={})
#: Where files are exchanged with banks, by name, as Django's STORAGES: {"ours": {"BACKEND":
#: "storages.backends.s3.S3Storage", "OPTIONS": {...}}}. A set of GATEWAY_CREDENTIALS names one.
BANK_STORAGES: dict[str, dict[str, object]] = env.json("BANK_STORAGES", default={})
# So long money that was announced by transfer is waited for.
TRANSFER_WAITS_DAYS = env.int("TRANSFER_WAITS_DAYS", default=30)
#: Under which https://host the gateways call /webhooks/; some sign over the whole address.
WEBHOOK_ORIGIN = env("WEBHOOK_ORIGIN", default="")
#: Days after which what a gateway sent is emptied, once it is done with; its hash stays.
WEBHOOK_KEPT_DAYS = env.int("WEBHOOK_KEPT_DAYS", default=90)
PAXUM = {
    "api_url": env("PAXUM_API_URL", default="https://secure.paxum.com/payment/api/paymentAPI.php"),
    "from_email": env("PAXUM_FROM_EMAIL", default=""),
    "shared_secret": env("PAXUM_SHARED_SECRET", default=""),
    "account_id": env("PAXUM_ACCOUNT_ID", default=""),
    # What <Environment> of an answer must say; another one's word is not taken.
    "environment": env("PAXUM_ENVIRONMENT", default="PRODUCTION"),
}
#: From this amount (whole units, any currency) a payout needs two people; below it, one.
PAYOUT_FOUR_EYES_FROM = env("PAYOUT_FOUR_EYES_FROM", default="0.00")
#: How many proxies stand before us: the client's address is that many from the right
#: of X-Forwarded-For. 0 trusts only the socket.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
#: The header in which the proxies name the client (docker/README.md says why not always the
#: usual one). Another one is moved to X-Forwarded-For by fanz.wsgi.
CLIENT_ADDRESS_HEADER = env("CLIENT_ADDRESS_HEADER", default="X-Forwarded-For")
#: The header in which the outermost proxy writes the ISO country of the client's address, such as
#: CF-IPCountry; the proxy must overwrite what came in. Empty: nobody tells us.
CLIENT_COUNTRY_HEADER = env("CLIENT_COUNTRY_HEADER", default="")

ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# --- Content-Security-Policy of the brand pages -----------------------------------------
#: Browsers hold the redirect after a form to form-action too: a gateway's page is one. A gateway
#: whose pages stand elsewhere than its API names their origins in ``page_origins``, by commas.
PAGE_ORIGINS = {
    "/".join(url.split("/")[:3])
    for given in GATEWAY_CREDENTIALS.values()
    for name, text in given.items()
    if name.endswith("_url") or name == "page_origins"
    for url in text.replace(" ", "").split(",")
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],  # the QR code of a second factor
        "form-action": [
            "'self'",
            *sorted({"/".join(CCBILL["flexforms_url"].split("/")[:3]), *PAGE_ORIGINS}),
        ],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}
