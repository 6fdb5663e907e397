"""Settings of the tests: quick hashes, mail in memory, a cache per process; the database is real."""

from .base import *  # noqa: F403
from .base import DATABASES, MIDDLEWARE

SECRET_KEY = "only-for-tests"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
FOLLOWERS_WAKE_AFTER = None
# A test holds its transaction open for as long as it runs, which may be long under a debugger; and of sixteen processes that
# race for a row on a busy machine the last waits for longer than a person would.
for _settings in DATABASES.values():
    _settings["OPTIONS"]["options"] += " -c idle_in_transaction_session_timeout=3600s -c lock_timeout=120s"
    _settings["CONN_MAX_AGE"] = 0
# How quick the machine is says nothing about what a page must show.
SEGMENT_COUNTED_WITHIN = SEGMENT_GATHERED_WITHIN = "10min"
LIMITS_WITHIN = 60.0
# Static files are not collected for the tests; those in a browser have a site of their own.
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise")]
