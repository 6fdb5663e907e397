"""What operators see of `campaigns`: looked at, never changed."""

from campaigns.admin import experiments, journeys, messages, segments

__all__ = ["experiments", "journeys", "messages", "segments"]
