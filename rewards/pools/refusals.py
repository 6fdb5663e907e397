"""Why a pool takes no more codes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict


class PoolClosed(Conflict):
    code = "pool_closed"
    message = _("This pool is closed.")


class NotDrawnHere(Conflict):
    code = "pool_of_others"
    message = _("The codes of this pool are brought along, not drawn.")
