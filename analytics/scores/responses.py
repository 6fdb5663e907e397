"""How members answered messages so far, and by which channels they may be reached: one pass over each table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.lifetime.histories import Floats
from analytics.scores.pasts import Numbers
from analytics.scores.purchases import columns
from members.models import Program

# In the order in which a tie is decided: what costs least first.
CHANNELS = ("email", "push", "sms", "post")
# A member's own answers count beside this many of everybody's.
PRIOR = 10.0
# Where nobody has been written to yet, so many answer in a hundred.
UNKNOWN = 0.05
ALLOWED = """
    COPY (
        SELECT c.member_id, array_position(ARRAY['email', 'push', 'sms', 'post'], c.channel) - 1
        FROM members_consent c WHERE c.program_id = {program} AND c.is_given AND c.topic = 'offers'
            AND c.channel IN ('email', 'push', 'sms', 'post')
    ) TO STDOUT (DELIMITER ' ')
"""
ANSWERS = """
    COPY (
        SELECT coalesce(g.merged_into_id, m.member_id),
            array_position(ARRAY['email', 'push', 'sms', 'post'], m.channel::text) - 1, count(*),
            count(*) FILTER (WHERE m.clicked_at IS NOT NULL OR m.redeemed_at IS NOT NULL)
        FROM campaigns_message m JOIN members_member g ON g.holder_id = m.member_id
        WHERE m.program_id = {program} AND m.state IN ('sent', 'delivered') AND m.topic = 'offers'
            AND m.channel IN ('email', 'push', 'sms', 'post') AND m.queued_at >= now() - interval '730 days'
        GROUP BY 1, 2
    ) TO STDOUT (DELIMITER ' ')
"""
LOTS = """
    COPY (
        SELECT m.holder_id, wafa_lot({salt}, m.holder_id) FROM members_member m WHERE m.program_id = {program}
    ) TO STDOUT (DELIMITER ' ')
"""


@dataclass(frozen=True, slots=True)
class Responses:
    """For each of the customers asked for: the share that answers (their own, drawn towards everybody's), and the channel
    of their own best answers among those they agreed to (-1: none may be used)."""

    share: Floats
    channel: NDArray[np.int64]
    common: float


def read(*, program: Program, members: Numbers) -> Responses:
    """Of these customers, who stand in the order of their ids."""
    allowed = np.zeros((len(members), len(CHANNELS)), dtype=bool)
    ids, channels = columns(ALLOWED, 2, program=program.pk)
    places, known = _find(members, ids)
    allowed[places, channels[known]] = True
    sent, answered = (np.zeros((len(members), len(CHANNELS))) for _each in range(2))
    ids, channels, counts, clicks = columns(ANSWERS, 4, program=program.pk)
    places, known = _find(members, ids)
    sent[places, channels[known]], answered[places, channels[known]] = counts[known], clicks[known]
    common = (float(clicks.sum()) + PRIOR * UNKNOWN) / (float(counts.sum()) + PRIOR)
    shares = (answered + PRIOR * common) / (sent + PRIOR)
    best = np.where(allowed, shares, -1.0).argmax(axis=1)
    channel = np.where(allowed.any(axis=1), best, -1)
    return Responses(shares[np.arange(len(members)), best], channel.astype(np.int64), common)


def held_out(*, program: Program, members: Numbers, percent: int) -> NDArray[np.bool_]:
    """Who is left out by lot: always the same members, whatever else they do."""
    ids, lots = columns(LOTS, 2, program=program.pk, salt=f"next-action-{program.pk}")
    found = np.zeros(len(members), dtype=bool)
    places, known = _find(members, ids)
    found[places] = lots[known] < percent * 100
    return found


def _find(members: Numbers, ids: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """The places of these ids among the members, and which of the ids are there at all."""
    if not len(members):
        return np.zeros(0, dtype=np.int64), np.zeros(len(ids), dtype=bool)
    places = np.minimum(np.searchsorted(members, ids), len(members) - 1)
    known = members[places] == ids
    return places[known], known
