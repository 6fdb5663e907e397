"""The settings of `make run` for browser tests: as real as can be, but users' passwords hash quickly."""

from loyaltysite.settings.dev import *  # noqa: F403
from loyaltysite.settings.dev import DATABASES
from loyaltysite.settings.dev import PASSWORD_HASHERS as SLOW

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *SLOW]
CELERY_TASK_ALWAYS_EAGER = True
# Many log-ins from one address are ordinary here.
ACCOUNT_RATE_LIMITS = False
# Beside two other workers of the tests nothing is as quick as a shop's server.
for _settings in DATABASES.values():
    _settings["OPTIONS"]["options"] += " -c idle_in_transaction_session_timeout=120s -c lock_timeout=60s"
SEGMENT_COUNTED_WITHIN = SEGMENT_GATHERED_WITHIN = "60s"
LIMITS_WITHIN = 30.0
