"""The statements behind the roll-ups: what each table adds up, from notes or from the rows themselves.

Each is one set-based statement. `%(program)s`, `%(ids)s` and `%(members)s` are its only values; all else is put together
from the names in this module.
"""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analytics.kpis import sums
from analytics.kpis.sums import TRADE_DAYS
from analytics.liability.sums import LOT_DAYS, SOURCE_DAYS
from analytics.models.rollups import ACTIVE, OFTEN

# Who came within so many days, that one included, is an active member.
ACTIVE_DAYS = 30
# What lies so many visits before one: with the last visit of a row of two it makes two within the days between.
BEFORE = ", ".join(f"lag(v.day, {times - 1}) OVER turn AS before_{times}" for times in OFTEN)
SINCE = ", ".join(
    [f"({ACTIVE}::bigint, v.day)", *(f"({of_id}, v.before_{times})" for times, of_id in OFTEN.items())]
)

# Which notes: those chosen by a fold, or all of a program.
CHOSEN = "(SELECT * FROM analytics_change WHERE id = ANY(%(ids)s))"
OF_PROGRAM = "(SELECT * FROM analytics_change WHERE program_id = %(program)s)"
# Members as if each had a note.
OF_MEMBERS = "(SELECT %(program)s::bigint AS program_id, unnest(%(members)s::bigint[]) AS member_id)"

# The rows themselves as if each had its note: what a full count goes by.
OF_ROWS = """(
    SELECT program_id, 'order' AS what, 1 AS sign, occurred_at AS at, member_id, total_minor AS amount, fact_id, id AS order_id,
        revision, store_id, channel
    FROM members_order WHERE program_id = %(program)s AND state IN ('placed', 'paid')
    UNION ALL
    SELECT program_id, 'return', 1, occurred_at, NULL, amount_minor, NULL, NULL, NULL, NULL, NULL
    FROM members_return WHERE program_id = %(program)s
    UNION ALL
    SELECT program_id, 'member', 1, joined_at, holder_id, (state = 'blocked')::int, NULL, NULL, NULL, NULL, NULL
    FROM members_member WHERE program_id = %(program)s AND state <> 'closed'
)"""

DAYS = """
    SELECT c.program_id, (c.at AT TIME ZONE p.time_zone)::date AS day,
        sum(c.sign) FILTER (WHERE c.what = 'member') AS members,
        sum(c.sign * c.amount) FILTER (WHERE c.what = 'member') AS blocked,
        sum(c.sign) FILTER (WHERE c.what = 'order') AS orders,
        sum(c.sign) FILTER (WHERE c.what = 'order' AND c.member_id IS NOT NULL) AS member_orders,
        sum(c.sign * c.amount) FILTER (WHERE c.what = 'order') AS revenue_minor,
        sum(c.sign) FILTER (WHERE c.what = 'return') AS returns,
        sum(c.sign * c.amount) FILTER (WHERE c.what = 'return') AS returned_minor
    FROM {changes} c JOIN members_program p ON p.id = c.program_id
    WHERE c.what IN ('order', 'return', 'member')
    GROUP BY 1, 2
"""
# An entry counts with all that it adds to a wallet or takes from it; what repays arrears is a gain too.
UNIT_DAYS = """
    SELECT program_id, unit_id, day,
        sum(net) FILTER (WHERE kind IN ('earn', 'bonus')) AS issued,
        -sum(net) FILTER (WHERE kind IN ('spend', 'donate', 'restore')) AS spent,
        -sum(net) FILTER (WHERE kind IN ('expire', 'reinstate')) AS expired,
        -sum(net) FILTER (WHERE kind IN ('reverse', 'forgive')) AS reversed,
        sum(net) FILTER (WHERE kind = 'adjust') AS adjusted,
        sum(net) FILTER (WHERE kind NOT IN ('earn', 'bonus', 'spend', 'donate', 'restore', 'expire', 'reinstate',
            'reverse', 'forgive', 'adjust')) AS moved,
        sum(held) AS held, sum(arrears) AS arrears
    FROM (
        SELECT e.program_id, w.unit_id, (e.at AT TIME ZONE p.time_zone)::date AS day, e.kind,
            e.pending_change + e.active_change + e.reserved_change AS held, e.arrears_change AS arrears,
            e.pending_change + e.active_change + e.reserved_change - e.arrears_change AS net
        FROM {entries} JOIN rewards_wallet w ON w.id = e.wallet_id JOIN members_program p ON p.id = e.program_id
    ) AS said
    GROUP BY 1, 2, 3
"""
# An order counts with the awards of the fact that priced it last.
RULE_DAYS = """
    SELECT c.program_id, v.rule_id, (c.at AT TIME ZONE p.time_zone)::date AS day,
        sum(c.sign * a.awarded) AS given, sum(c.sign) AS times
    FROM {changes} c JOIN rewards_award a ON a.fact_id = c.fact_id JOIN rewards_ruleversion v ON v.id = a.version_id
        JOIN members_program p ON p.id = c.program_id
    WHERE c.what = 'order' AND a.awarded > 0
    GROUP BY 1, 2, 3
"""
NOTED_ENTRIES = "{changes} c JOIN rewards_entry e ON e.id = c.entry_id"
ALL_ENTRIES = "(SELECT * FROM rewards_entry WHERE program_id = %(program)s) e"


@dataclass(frozen=True, slots=True)
class Table:
    """A roll-up whose figures simply add up: its keys, its figures, and the statement that sums them."""

    name: str
    keys: tuple[str, ...]
    figures: tuple[str, ...]
    sums: str = ""

    def of_changes(self, changes: str) -> str:
        """The sums over these notes."""
        return self.sums.format(changes=changes, entries=NOTED_ENTRIES.format(changes=changes))

    def of_rows(self) -> str:
        """The sums over all rows of a program."""
        return self.sums.format(changes=OF_ROWS, entries=ALL_ENTRIES)

    def add(self, changes: str) -> str:
        return self._insert(self.of_changes(changes))

    def fill(self) -> str:
        return self._insert(self.of_rows())

    def stored(self) -> str:
        return f"SELECT {self._names} FROM {self.name} WHERE program_id = %(program)s"

    def with_live(self) -> str:
        """The stored rows and what the notes not counted yet add to them."""
        if not self.sums:
            return presence_with_live()
        figures = ", ".join(f"coalesce({name}, 0) AS {name}" for name in self.figures)
        keys = ", ".join(self.keys)
        return (
            f"{self.stored()} UNION ALL SELECT {keys}, {figures} FROM ({self.of_changes(OF_PROGRAM)}) AS live"
        )

    @property
    def _names(self) -> str:
        return ", ".join((*self.keys, *self.figures))

    def _insert(self, sums: str) -> str:
        said = ", ".join(f"coalesce({name}, 0)" for name in self.figures)
        return (
            f"INSERT INTO {self.name} AS t ({self._names}) SELECT {', '.join(self.keys)}, {said} FROM ({sums}) AS sums"
            f" ORDER BY {', '.join(self.keys)} {self.on_conflict()}"
        )

    def on_conflict(self) -> str:
        added = ", ".join(f"{name} = t.{name} + excluded.{name}" for name in self.figures)
        return f"ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET {added}"

    def compare(self, stored: str, counted: str) -> str:
        """Rows that are on one side only; a row of nothing but zeros is none."""
        sums = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in self.figures)
        keys = ", ".join(self.keys)
        whole = " OR ".join(f"coalesce(sum({name}), 0) <> 0" for name in self.figures)
        left, right = (
            f"SELECT {keys}, {sums} FROM ({side}) AS s GROUP BY {keys} HAVING {whole}"
            for side in (stored, counted)
        )
        return (
            f"WITH a AS ({left}), b AS ({right})"
            " SELECT true, row_to_json(x)::text FROM (SELECT * FROM a EXCEPT SELECT * FROM b) AS x"
            " UNION ALL SELECT false, row_to_json(x)::text FROM (SELECT * FROM b EXCEPT SELECT * FROM a) AS x"
        )


DAY = Table(
    "analytics_day",
    ("program_id", "day"),
    ("members", "blocked", "orders", "member_orders", "revenue_minor", "returns", "returned_minor"),
    DAYS,
)
UNIT_DAY = Table(
    "analytics_unitday",
    ("program_id", "unit_id", "day"),
    ("issued", "spent", "expired", "reversed", "adjusted", "moved", "held", "arrears"),
    UNIT_DAYS,
)
RULE_DAY = Table("analytics_ruleday", ("program_id", "rule_id", "day"), ("given", "times"), RULE_DAYS)
LOT_DAY = Table(
    "analytics_lotday",
    ("program_id", "unit_id", "day", "cohort", "ends", "holders"),
    ("issued", "spent", "expired", "reversed", "adjusted", "moved", "held"),
    LOT_DAYS,
)
SOURCE_DAY = Table(
    "analytics_sourceday", ("program_id", "unit_id", "day", "source"), ("given", "taken"), SOURCE_DAYS
)
TRADE_DAY = Table(
    "analytics_tradeday",
    ("program_id", "day", "store_id", "channel", "is_member"),
    ("orders", "revenue_minor", "margin_minor", "costed_minor", "bare_minor"),
    TRADE_DAYS,
)
PAIR = Table("analytics_pair", ("program_id", "kind", "day", "since"), ("times", "orders", "amount_minor"))
PAIR_DAY = Table(
    "analytics_pairday",
    ("program_id", "kind", "days", "is_since", "day"),
    ("times", "near", "far", "amount_minor"),
)
PRESENCE_DAY = Table("analytics_presenceday", ("program_id", "of_id", "day"), ("change",))
TABLES = (DAY, UNIT_DAY, RULE_DAY, LOT_DAY, SOURCE_DAY, TRADE_DAY)
STORED = (*TABLES, PRESENCE_DAY, PAIR, PAIR_DAY)

# The days on which each of these members is active, comes often or is in a tier. A visit is a day with an order in one
# store of which something counts: what costs nothing is no visit (SEMANTICS 17). A standing counts at the end of a day;
# what a higher tier covers is taken away from the lower ones.
SPANS = f"""
    touched AS (
        SELECT DISTINCT c.program_id, c.member_id, p.time_zone
        FROM {{changes}} c
        JOIN members_program p ON p.id = c.program_id
        WHERE c.member_id IS NOT NULL
    ), open_to AS (
        SELECT t.* FROM touched t JOIN members_member m ON m.holder_id = t.member_id WHERE m.state <> 'closed'
    ), climbed AS (
        SELECT t.program_id, t.member_id, s.tier_id, r.rank,
            range_agg(daterange((s.since AT TIME ZONE t.time_zone)::date, CASE WHEN s.ended_at IS NOT NULL
                THEN (greatest(s.ended_at, s.since) AT TIME ZONE t.time_zone)::date END)) AS spans
        FROM open_to t JOIN rewards_standing s ON s.member_id = t.member_id JOIN rewards_tier r ON r.id = s.tier_id
        GROUP BY 1, 2, 3, 4
    ), visits AS (
        SELECT t.program_id, t.member_id, v.day, {BEFORE}
        FROM open_to t CROSS JOIN LATERAL (
            SELECT DISTINCT (o.occurred_at AT TIME ZONE t.time_zone)::date AS day, o.store_id
            FROM members_order o WHERE o.member_id = t.member_id AND o.state IN ('placed', 'paid') AND o.basis_minor > 0
        ) v
        WINDOW turn AS (PARTITION BY t.member_id ORDER BY v.day)
    ), spans AS (
        SELECT v.program_id, v.member_id, n.of_id, range_agg(daterange(v.day, n.since + {ACTIVE_DAYS})) AS spans
        FROM visits v CROSS JOIN LATERAL (VALUES {SINCE}) AS n(of_id, since)
        WHERE n.since + {ACTIVE_DAYS} > v.day
        GROUP BY 1, 2, 3
        UNION ALL
        SELECT program_id, member_id, tier_id, spans - coalesce(
            range_agg(spans) OVER (PARTITION BY member_id ORDER BY rank DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
            '{{{{}}}}')
        FROM climbed
    ), turned AS (
        SELECT coalesce(n.program_id, b.program_id) AS program_id, coalesce(n.member_id, b.member_id) AS member_id,
            coalesce(n.of_id, b.of_id) AS of_id, coalesce(n.spans, '{{{{}}}}') AS spans, coalesce(b.spans, '{{{{}}}}') AS before
        FROM spans n FULL JOIN (
            SELECT b.* FROM analytics_presence b JOIN touched t ON t.member_id = b.member_id
        ) b ON b.member_id = n.member_id AND b.of_id = n.of_id
        WHERE coalesce(n.spans, '{{{{}}}}') <> coalesce(b.spans, '{{{{}}}}')
    ), steps AS (
        SELECT program_id, of_id, lower(s) AS day, 1 AS change FROM turned, unnest(spans) s
        UNION ALL
        SELECT program_id, of_id, upper(s), -1 FROM turned, unnest(spans) s WHERE NOT upper_inf(s)
        UNION ALL
        SELECT program_id, of_id, lower(s), -1 FROM turned, unnest(before) s
        UNION ALL
        SELECT program_id, of_id, upper(s), 1 FROM turned, unnest(before) s WHERE NOT upper_inf(s)
    )
"""
PRESENCE_SUMS = "SELECT program_id, of_id, day, sum(change) AS change FROM steps GROUP BY 1, 2, 3"


def turn_presence(changes: str) -> str:
    """Bring the presence of the members that these notes name up to date, and its daily figures with it."""
    return f"""
        WITH {SPANS.format(changes=changes)}, kept AS (
            INSERT INTO analytics_presence AS t (member_id, of_id, program_id, spans)
            SELECT member_id, of_id, program_id, spans FROM turned
            ON CONFLICT (member_id, of_id) DO UPDATE SET spans = excluded.spans, program_id = excluded.program_id
        )
        INSERT INTO analytics_presenceday AS t (program_id, of_id, day, change)
        {PRESENCE_SUMS} ORDER BY 1, 2, 3
        {PRESENCE_DAY.on_conflict()}
    """


def presence_with_live() -> str:
    """The stored steps and what the members named by notes not counted yet add to them."""
    return f"""
        WITH {SPANS.format(changes=OF_PROGRAM)}
        SELECT program_id, of_id, day, change FROM analytics_presenceday WHERE program_id = %(program)s
        UNION ALL
        {PRESENCE_SUMS}
    """


def comparisons() -> Iterator[tuple[str, str]]:
    """For each table a statement that finds where it differs from a full count: (stored?, row as JSON)."""
    for table in TABLES:
        yield table.name, table.compare(table.with_live(), table.of_rows())
    counted = f"""
        WITH {SPANS.format(changes=OF_MEMBERS)}
        SELECT program_id, of_id, lower(s) AS day, 1 AS change FROM spans, unnest(spans) s
        UNION ALL
        SELECT program_id, of_id, upper(s), -1 FROM spans, unnest(spans) s WHERE NOT upper_inf(s)
    """
    yield PRESENCE_DAY.name, PRESENCE_DAY.compare(presence_with_live(), counted)
    yield PAIR.name, PAIR.compare(sums.pairs_with_live(OF_PROGRAM), sums.pairs_of(OF_MEMBERS))
    yield PAIR_DAY.name, PAIR_DAY.compare(sums.days_with_live(OF_PROGRAM), sums.days_of(OF_MEMBERS))


def clearings() -> list[str]:
    """What forgets all figures of a program, and the notes with them."""
    names = (
        "analytics_change",
        "analytics_presence",
        "analytics_memberfigure",
        *(table.name for table in STORED),
    )
    return [f"DELETE FROM {name} WHERE program_id = %(program)s" for name in names]
