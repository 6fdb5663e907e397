"""The site of `make run` with two bare views beside it: what an order over HTTP is measured against."""

from __future__ import annotations

import os

if os.environ.get("DJANGO_SETTINGS_MODULE") == __name__:
    from loyaltysite.settings.dev import *  # noqa: F403

    ROOT_URLCONF = "bench.http_urls"
