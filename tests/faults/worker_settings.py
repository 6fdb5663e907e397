"""The settings of `make run` for workers that are held up by a lock for as long as the test likes."""

from datetime import timedelta

from loyaltysite.settings.dev import *  # noqa: F403
from loyaltysite.settings.dev import DATABASES

for _settings in DATABASES.values():
    _settings["OPTIONS"]["options"] += " -c lock_timeout=600s -c statement_timeout=900s"
# Who is held up gives no sign of life, and keeps its import nevertheless.
IMPORT_SILENCE = timedelta(hours=12)
