"""What operators see of `analytics`: looked at, never changed."""

from analytics.admin import backtests, kpis, money, scores, steering

__all__ = ["backtests", "kpis", "money", "scores", "steering"]
