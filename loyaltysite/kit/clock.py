"""The only place that reads the clock. Everything else takes `now` as an argument."""

from datetime import datetime

from django.utils import timezone


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return timezone.now()
