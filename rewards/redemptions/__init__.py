"""Redemptions: reserve, confirm, release with a time to live; states go forward only (SEMANTICS 38 to 40)."""

from rewards.redemptions.asking import ask
from rewards.redemptions.endings import end_due, foresee_release, release_all
from rewards.redemptions.moves import cancel, confirm, fail, fulfil, release, send, use
from rewards.redemptions.reserving import reserve

__all__ = [
    "ask",
    "cancel",
    "confirm",
    "end_due",
    "fail",
    "foresee_release",
    "fulfil",
    "release",
    "release_all",
    "reserve",
    "send",
    "use",
]
