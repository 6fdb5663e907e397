"""Wallets in memory. Every movement of points is computed here, on one wallet, and written by rewards.posting.

A book never touches the database: it starts from what was read, applies movements, and keeps the rows to write. It
holds SEMANTICS 4 to 8, 10, 25 and 26; rewards/sql/guards.sql checks the sums again at every commit.
"""

from __future__ import annotations

from rewards.books.debits import Debits
from rewards.books.holds import Holds

__all__ = ["Book"]


class Book(Holds, Debits):
    """One wallet and everything that can move in it: see rewards.books.chains.Chain for what it holds."""

    __slots__ = ()
