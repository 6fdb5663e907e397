"""What operators see of `rewards`: looked at, never changed."""

from rewards.admin import belonging, earning, ledger, spending

__all__ = ["belonging", "earning", "ledger", "spending"]
