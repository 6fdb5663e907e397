"""Two members that are one person become one, and can be taken apart again (M2).

Identities, orders and counts go to the kept member; points move through the ledger, lot by lot with their dates, in
entries of kind `merge`. The gone member is closed and points to the kept one. Undoing gives each side its own again;
what was used of the other's points in between is borne as the merchant chooses (see `separation`).
"""

from rewards.merging.joining import Meeting, Unmergeable, merge, preview
from rewards.merging.parting import MergeBound, Outlook, UndoneAlready, foresee, undo
from rewards.merging.separation import Bearing, Separation

__all__ = [
    "Bearing",
    "Meeting",
    "MergeBound",
    "Outlook",
    "Separation",
    "UndoneAlready",
    "Unmergeable",
    "foresee",
    "merge",
    "preview",
    "undo",
]
