"""Settings of a public site: everything secret comes from the environment, everything travels over HTTPS."""

from loyaltysite.kit import env

from .base import *  # noqa: F403
from .base import TRUSTED_PROXIES

SECRET_KEY = env.text("WAFA_SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("WAFA_SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("WAFA_HOSTS")

SECURE_SSL_REDIRECT = env.flag("WAFA_SSL_REDIRECT", default=True)
# The health checks of an orchestrator come over plain HTTP from inside.
SECURE_REDIRECT_EXEMPT = [r"^healthz/$", r"^readyz/$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = env.number("WAFA_HSTS_SECONDS", 365 * 24 * 3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Secure-sessionid"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Secure-csrftoken"
LANGUAGE_COOKIE_SECURE = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"

MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": env.text("WAFA_SMTP_HOST", "localhost"),
            "port": env.number("WAFA_SMTP_PORT", 587),
            "username": env.text("WAFA_SMTP_USER", ""),
            "password": env.text("WAFA_SMTP_PASSWORD", ""),
            "use_tls": env.flag("WAFA_SMTP_TLS", default=True),
            "timeout": 10,
        },
    }
}
DEFAULT_FROM_EMAIL = env.text("WAFA_MAIL_FROM", "wafa@localhost")
