"""What is true everywhere. Anything that differs between machines comes from the environment."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import env, log

from .accounts import *  # noqa: F403
from .background import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parents[2]
# Everything that the running site writes on this machine; never in version control.
VAR_DIR = Path(env.text("WAFA_VAR", str(BASE_DIR / ".var")))
EMBEDDED = env.embedded(VAR_DIR)

DEBUG = False
ALLOWED_HOSTS = env.words("WAFA_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("WAFA_ORIGINS")
# How many proxies of ours stand in front; see kit.middleware.client_address.
TRUSTED_PROXIES = env.number("WAFA_PROXIES", 0)
ROOT_URLCONF = "loyaltysite.urls"
WSGI_APPLICATION = "loyaltysite.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "loyaltysite.kit",  # first: its `migrate` replaces Django's
    "members",
    "rewards",
    "campaigns",
    "analytics",
    "loyaltysite.demo",
    "loyaltysite.presets",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "loyaltysite.kit.middleware.client_address",
    "loyaltysite.kit.middleware.request_id",
    "loyaltysite.kit.metrics.measure",
    "django.middleware.security.SecurityMiddleware",
    "loyaltysite.kit.middleware.straight_to_api",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "loyaltysite.kit.middleware.permissions_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "loyaltysite.kit.middleware.body_limit",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "members.locks.Gate",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Two roles, one database: `default` is the application's and owns nothing, `owner` is for migrations only.
# So not even a hole in the application can switch off the triggers that keep the ledger append-only.
DATABASE_URL = env.text("DATABASE_URL", EMBEDDED.get("DATABASE_URL", "postgresql:///wafa"))
DATABASE_OWNER_URL = env.text(
    "DATABASE_OWNER_URL",
    DATABASE_URL if env.is_set("DATABASE_URL") else EMBEDDED.get("DATABASE_OWNER_URL", DATABASE_URL),
)
# A page must not hold a connection for long; commands such as check_ledger may.
PROCESS = env.text("WAFA_PROCESS", "command")
STATEMENT_TIMEOUT = env.text("WAFA_STATEMENT_TIMEOUT", {"web": "15s", "worker": "300s"}.get(PROCESS, "0"))
POOL_SIZE = env.number("WAFA_DB_POOL", 8 if PROCESS == "web" else 0)


def _database(
    url: str, *, lock_timeout: str, statement_timeout: str, idle_timeout: str = "10s"
) -> dict[str, Any]:
    settings = env.database(url)
    timeouts = {
        "lock_timeout": lock_timeout,
        "statement_timeout": statement_timeout,
        "idle_in_transaction_session_timeout": idle_timeout,
    }
    settings["OPTIONS"] |= {
        "options": " ".join(f"-c {name}={value}" for name, value in timeouts.items()),
        "application_name": f"wafa-{PROCESS}",
        # Django turns server-side preparing off; kit.db.raw_cursor() needs it (psycopg's own default is 5).
        "prepare_threshold": 5,
    }
    return settings


DATABASES = {
    "default": _database(DATABASE_URL, lock_timeout="3s", statement_timeout=STATEMENT_TIMEOUT),
    "owner": _database(DATABASE_OWNER_URL, lock_timeout="10s", statement_timeout="0", idle_timeout="0"),
}
if POOL_SIZE:
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": POOL_SIZE, "timeout": 5}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = env.text("REDIS_URL", EMBEDDED.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
CELERY_BROKER_URL = env.celery_broker(REDIS_URL)
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "wafa",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_HTTPONLY = True

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ar", _("Arabic")), ("he", _("Hebrew")), ("fa", _("Persian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "media/"
# Files to import: outside of all that is served. Web and worker must both reach this folder.
IMPORT_DIR = VAR_DIR / "imports"
IMPORT_MAX_BYTES = env.number("WAFA_IMPORT_MB", 500) << 20
# What may come out of one when it is unpacked: orders shrink to a tenth or so, and nothing honest to a hundredth.
IMPORT_MAX_UNPACKED_BYTES = env.number("WAFA_IMPORT_UNPACKED_MB", 10_000) << 20
# How many run at once. The worker of long tasks has one place more, so that one of them is always free.
IMPORTS_AT_ONCE = env.number("WAFA_IMPORTS", 1)
# A worker gives a sign of life about every second; its import goes to another one after so long without.
IMPORT_SILENCE = timedelta(minutes=2)
# How long a page waits until a segment is counted, and then estimates; and until it is gathered, which the next refresh does.
SEGMENT_COUNTED_WITHIN, SEGMENT_GATHERED_WITHIN = "2s", "3s"
# Seconds that Redis has to say whether a limit is reached; then nobody is held back.
LIMITS_WITHIN = 0.3

# No inline script and no foreign host, on every page.
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "worker-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["members.api.callers.KeyAuthentication"],
    "DEFAULT_SCHEMA_CLASS": "members.api.documents.CallSchema",
    "EXCEPTION_HANDLER": "loyaltysite.kit.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Wafa",
    "DESCRIPTION": "Members, orders, points, tiers and earning rules of one loyalty program.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
    "PREPROCESSING_HOOKS": ["members.api.documents.only_ours"],
    "POSTPROCESSING_HOOKS": ["members.api.documents.complete"],
}

METRICS_TOKEN = env.text("WAFA_METRICS_TOKEN", "")
# Signs the daily seals of the ledger; without it a key derived from SECRET_KEY does.
SEAL_KEY = env.text("WAFA_SEAL_KEY", "")
# Marks the identities of people who were erased; without it a key derived from SECRET_KEY does. Once set it stays:
# under another key nobody who left is known again.
MARK_KEY = env.text("WAFA_MARK_KEY", "")
# Own networks to which webhooks may go besides public addresses, such as 10.0.0.0/8; there plain HTTP may be used.
WEBHOOK_NETWORKS = env.words("WAFA_WEBHOOK_NETWORKS")
# Certificates of authorities that receivers' certificates are checked by; empty for those of the system.
WEBHOOK_CA_FILE = env.text("WAFA_WEBHOOK_CA_FILE", "")
# Who knows the weather at a store: a dotted path to a campaigns.messages.weather.Source; empty where nobody does.
WEATHER_SOURCE = env.text("WAFA_WEATHER_SOURCE", "")
# Or the address of a service that answers with JSON, such as https://weather.example/v1?lat={latitude}&lon={longitude},
# and where in its answer the kind of weather (a WMO code or a word) and the temperature stand.
WEATHER_URL = env.text("WAFA_WEATHER_URL", "")
WEATHER_KIND = env.text("WAFA_WEATHER_KIND", "current.weather_code")
WEATHER_CELSIUS = env.text("WAFA_WEATHER_CELSIUS", "current.temperature_2m")
LOGGING = log.configuration(level=env.text("WAFA_LOG_LEVEL", "INFO"), json_lines=True)
