"""The settings of `make run` for browser tests: as real as can be, but users' passwords hash quickly."""

from loyaltysite.settings.dev import *  # noqa: F403
from loyaltysite.settings.dev import PASSWORD_HASHERS as SLOW

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *SLOW]
CELERY_TASK_ALWAYS_EAGER = True
# Many log-ins from one address are ordinary here.
ACCOUNT_RATE_LIMITS = False
