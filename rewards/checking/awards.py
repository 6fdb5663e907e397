"""What must hold between the ledger and the facts it answers: awards, settlements, orders and returns."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import OF_PROGRAM, Question, Scan

LINKS = Scan(
    of="e",
    wallet="e.wallet_id",
    subject="'entry ' || e.id || ' #' || e.seq",
    source="""rewards_entry e
        LEFT JOIN rewards_wallet w ON w.id = e.wallet_id
        LEFT JOIN members_fact f ON f.id = e.fact_id
        LEFT JOIN members_order o ON o.id = e.order_id
        LEFT JOIN (SELECT n.id, n.wallet_id FROM rewards_entry n
            WHERE n.id IN (SELECT mends_id FROM rewards_entry WHERE mends_id IS NOT NULL)) m ON m.id = e.mends_id""",
    questions=(
        Question(
            "entry.links",
            _("the fact, order and mended entry of each entry exist, in its program"),
            """(e.fact_id IS NOT NULL AND f.program_id IS DISTINCT FROM e.program_id)
                OR (e.order_id IS NOT NULL AND o.program_id IS DISTINCT FROM e.program_id)
                OR (e.mends_id IS NOT NULL AND m.wallet_id IS DISTINCT FROM e.wallet_id)""",
            "concat_ws(', ', 'fact ' || e.fact_id, 'order ' || e.order_id, 'entry ' || e.mends_id)",
            "concat_ws(', ', 'fact ' || f.id, 'order ' || o.id, 'entry ' || m.id)",
        ),
    ),
)

# One row per fact and unit, from either side.
AWARDS = Scan(
    of="x",
    wallet="w.id",
    holder="f.holder_id",
    subject="'fact ' || x.fact_id",
    source=f"""(SELECT y.program_id, y.fact_id, y.unit_id, sum(y.amount) AS surplus,
                bool_or(y.is_strange) AS is_strange
            FROM (SELECT a.program_id, a.fact_id, a.unit_id, a.awarded AS amount,
                    v.program_id IS DISTINCT FROM a.program_id AS is_strange
                FROM rewards_award a LEFT JOIN rewards_ruleversion v ON v.id = a.version_id
                WHERE {OF_PROGRAM.format("a")}
                UNION ALL SELECT r.program_id, r.fact_id, u.id, -t.value::bigint, false
                FROM rewards_pricing r CROSS JOIN LATERAL jsonb_each_text(r.awarded) t
                LEFT JOIN rewards_unit u ON u.program_id = r.program_id AND u.key = t.key
                WHERE {OF_PROGRAM.format("r")}) y
            GROUP BY y.program_id, y.fact_id, y.unit_id) x
        LEFT JOIN members_fact f ON f.id = x.fact_id
        LEFT JOIN rewards_wallet w ON w.holder_id = f.holder_id AND w.unit_id = x.unit_id""",
    questions=(
        Question(
            "award.sum",
            _("the awards of each fact and unit sum to its pricing"),
            "x.surplus <> 0",
            "(SELECT r.awarded FROM rewards_pricing r WHERE r.fact_id = x.fact_id)",
            "x.surplus || ' more than that'",
        ),
        Question(
            "award.home",
            _("the fact, unit and rule version of each award exist, in its program"),
            "f.program_id IS DISTINCT FROM x.program_id OR x.unit_id IS NULL OR x.is_strange",
            "'program ' || x.program_id",
            """concat_ws(', ', coalesce('fact of program ' || f.program_id, 'no fact'),
                CASE WHEN x.unit_id IS NULL THEN 'no unit' END, CASE WHEN x.is_strange THEN 'foreign rule version' END)""",
        ),
    ),
)

_TAKEN = "s.from_own + s.from_ended + s.from_others + s.to_arrears + s.forgiven"

# Whose wallet it was taken from is not asked: the order may have got another owner since, by a merge.
SETTLEMENTS = Scan(
    of="s",
    wallet="w.id",
    holder="o.member_id",
    subject="'order ' || s.order_id || ', fact ' || s.fact_id",
    source=f"""rewards_settlement s
        LEFT JOIN members_order o ON o.id = s.order_id
        LEFT JOIN members_fact f ON f.id = s.fact_id
        LEFT JOIN rewards_unit u ON u.id = s.unit_id
        LEFT JOIN rewards_wallet w ON w.holder_id = o.member_id AND w.unit_id = s.unit_id
        LEFT JOIN (SELECT v.unit_id, e.fact_id, e.order_id, -sum(e.pending_change + e.active_change) AS taken,
                sum(e.arrears_change) AS short
            FROM rewards_entry e JOIN rewards_wallet v ON v.id = e.wallet_id
            WHERE e.kind = 'reverse' AND {OF_PROGRAM.format("e")}
            GROUP BY v.unit_id, e.fact_id, e.order_id) e
            ON e.unit_id = s.unit_id AND e.fact_id = s.fact_id AND e.order_id = s.order_id""",
    questions=(
        Question(
            "settlement.sum",
            _("the parts of each settlement sum to what was taken back"),
            f"{_TAKEN} <> greatest(s.reversed, 0)",
            "greatest(s.reversed, 0)",
            _TAKEN,
        ),
        Question(
            "settlement.entry",
            _("each settlement took from the wallet what it says"),
            """coalesce(e.taken, 0) <> s.from_own + s.from_others
                OR coalesce(e.short, 0) <> s.to_arrears + s.forgiven""",
            "concat_ws(' ', s.from_own + s.from_others, s.to_arrears + s.forgiven)",
            "concat_ws(' ', coalesce(e.taken, 0), coalesce(e.short, 0))",
        ),
        Question(
            "settlement.home",
            _("the order, fact and unit of each settlement exist, in its program"),
            """o.program_id IS DISTINCT FROM s.program_id OR f.program_id IS DISTINCT FROM s.program_id
                OR u.program_id IS DISTINCT FROM s.program_id""",
            "'program ' || s.program_id",
            "concat_ws(' ', coalesce(o.program_id, 0), coalesce(f.program_id, 0), coalesce(u.program_id, 0))",
        ),
    ),
)

# An order's settlements, whichever came first: together they lead from its first pricing to its last state.
COURSES = Scan(
    of="s",
    wallet="w.id",
    holder="o.member_id",
    subject="'order ' || s.order_id",
    source=f"""(SELECT s.program_id, s.order_id, s.unit_id, sum(s.reversed) AS reversed,
                sum(s.from_ended) AS ended, max(s.absorbed_total) AS absorbed,
                array_agg((s.awarded - s.reversed_total)::numeric) AS left_after
            FROM rewards_settlement s WHERE {OF_PROGRAM.format("s")}
            GROUP BY s.program_id, s.order_id, s.unit_id) s
        LEFT JOIN members_order o ON o.id = s.order_id
        LEFT JOIN rewards_unit u ON u.id = s.unit_id
        LEFT JOIN rewards_wallet w ON w.holder_id = o.member_id AND w.unit_id = s.unit_id
        LEFT JOIN (SELECT DISTINCT ON (f.order_id) f.order_id, r.awarded
            FROM members_fact f JOIN rewards_pricing r ON r.fact_id = f.id
            WHERE f.order_id IN (SELECT order_id FROM rewards_settlement) ORDER BY f.order_id, f.revision) first
            ON first.order_id = s.order_id""",
    questions=(
        Question(
            "settlement.course",
            _("the settlements of each order lead from its first award to its last"),
            """s.ended <> s.absorbed
                OR NOT coalesce((first.awarded ->> u.key)::numeric, 0) - s.reversed = ANY (s.left_after)""",
            "coalesce((first.awarded ->> u.key)::numeric, 0) - s.reversed || ', ended ' || s.ended",
            "array_to_string(s.left_after, ' or ') || ', ended ' || s.absorbed",
        ),
    ),
)

ORDERS = Scan(
    of="o",
    wallet="NULL::bigint",
    holder="o.member_id",
    subject="'order ' || o.id",
    source="""members_order o
        LEFT JOIN (SELECT l.order_id, l.revision, sum(l.amount_minor) AS total, sum(l.basis_minor) AS basis,
                sum(l.returned_quantity) AS returned
            FROM members_orderline l GROUP BY l.order_id, l.revision) l
            ON l.order_id = o.id AND l.revision = o.revision
        LEFT JOIN (SELECT r.order_id, sum(r.quantity) AS returned FROM members_returnline r
            WHERE r.order_id IS NOT NULL GROUP BY r.order_id) r ON r.order_id = o.id
        LEFT JOIN members_holder h ON h.id = o.member_id
        LEFT JOIN members_fact f ON f.id = o.fact_id""",
    questions=(
        Question(
            "order.sum",
            _("the lines of each order sum to its total and basis"),
            "o.total_minor <> coalesce(l.total, 0) OR o.basis_minor <> coalesce(l.basis, 0)",
            "concat_ws(' ', coalesce(l.total, 0), coalesce(l.basis, 0))",
            "concat_ws(' ', o.total_minor, o.basis_minor)",
        ),
        Question(
            "order.returned",
            _("nothing was given back that no return or cancellation named"),
            "o.state <> 'cancelled' AND coalesce(l.returned, 0) > coalesce(r.returned, 0)",
            "coalesce(r.returned, 0)",
            "coalesce(l.returned, 0)",
        ),
        Question(
            "order.home",
            _("the member and fact of each order exist, in its program"),
            """(o.member_id IS NOT NULL AND h.program_id IS DISTINCT FROM o.program_id)
                OR f.program_id IS DISTINCT FROM o.program_id""",
            "'program ' || o.program_id",
            """concat_ws(', ', coalesce('member of program ' || h.program_id, 'no member'),
                coalesce('fact of program ' || f.program_id, 'no fact'))""",
        ),
    ),
)

# A changed order carries what came back over by SKU, so only orders that were never changed are compared by line.
LINES = Scan(
    of="o",
    wallet="NULL::bigint",
    holder="o.member_id",
    subject="'order ' || o.id || ' line ' || l.position",
    source="""members_orderline l
        JOIN members_order o ON o.id = l.order_id AND o.revision = l.revision
        LEFT JOIN (SELECT n.order_id, min(n.revision) AS revision FROM members_orderline n GROUP BY n.order_id) origin
            ON origin.order_id = l.order_id
        LEFT JOIN (SELECT r.order_id, r.position, sum(r.quantity) AS quantity FROM members_returnline r
            WHERE r.order_id IS NOT NULL GROUP BY r.order_id, r.position) r
            ON r.order_id = l.order_id AND r.position = l.position""",
    questions=(
        Question(
            "line.returned",
            _("each line's returned quantity is that of its returns"),
            """l.returned_quantity::numeric IS DISTINCT FROM
                CASE WHEN o.state = 'cancelled' THEN l.quantity ELSE coalesce(r.quantity, 0) END""",
            "CASE WHEN o.state = 'cancelled' THEN l.quantity ELSE coalesce(r.quantity, 0) END",
            "l.returned_quantity",
            covers="o.state = 'cancelled' OR origin.revision = o.revision",
        ),
    ),
)

SCANS = (LINKS, AWARDS, SETTLEMENTS, COURSES, ORDERS, LINES)
