"""Settings of `make run`: trial, development and small shops on one machine, over plain HTTP."""

import secrets

from loyaltysite.kit import env

from .base import *  # noqa: F403
from .base import VAR_DIR

# Passkeys work on http://localhost too; a browser takes no other address without HTTPS.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
DEBUG = env.flag("WAFA_DEBUG")


def _secret_key() -> str:
    """A random key, made once and kept, so that log-ins survive a restart."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = env.text("WAFA_SECRET_KEY", "") or _secret_key()
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "OPTIONS": {"file_path": str(VAR_DIR / "mail")},
    }
}
if DEBUG:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
