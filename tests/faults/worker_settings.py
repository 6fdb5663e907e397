"""The settings of `make run` for workers that are held up by a lock for as long as the test likes."""

from datetime import timedelta

from loyaltysite.settings.dev import *  # noqa: F403
from loyaltysite.settings.dev import CACHES, DATABASES

for _settings in DATABASES.values():
    _settings["OPTIONS"]["options"] += " -c lock_timeout=600s -c statement_timeout=900s"
    _settings["OPTIONS"]["options"] += " -c idle_in_transaction_session_timeout=600s"
CACHES["default"]["OPTIONS"] |= {"socket_timeout": 60, "socket_connect_timeout": 60}
# Who is held up gives no sign of life, and keeps its import nevertheless.
IMPORT_SILENCE = timedelta(hours=12)
