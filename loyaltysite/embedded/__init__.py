"""Embedded PostgreSQL 18 and Redis: they run from installed packages, and live as long as somebody uses them."""

from loyaltysite.embedded.errors import EmbeddedError
from loyaltysite.embedded.postgres import Cluster
from loyaltysite.embedded.redis import Redis
from loyaltysite.embedded.servers import Servers, throwaway

__all__ = ["Cluster", "EmbeddedError", "Redis", "Servers", "throwaway"]
