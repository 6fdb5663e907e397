"""What must hold of wallets, entries, lots and allocations (SEMANTICS 1 to 6)."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import OF_PROGRAM, Question, Scan

# What these kinds allocate says how much of a lot is held; it still belongs to the member.
HOLDS = "('reserve', 'release')"


def _four(alias: str, suffix: str = "") -> str:
    """The four columns of a balance as one text, for the report."""
    return "concat_ws(' ', " + ", ".join(f"{alias}.{name}{suffix}" for name in COLUMNS) + ")"


COLUMNS = ("pending", "active", "reserved", "arrears")
ZERO = "ROW(0, 0, 0, 0)"

# A lot is opened by the entry that names it first: a credit, or the activation that moves what an awaited lot held
# (its origin) into it. An activation that takes nothing from the origin only makes a pending lot usable.
# No subquery per row: it would keep all of the work in one process.
GAIN = "greatest(o.pending_change, 0) + o.active_change - o.arrears_change"
ACTIVE = "(coalesce(o.pending_change <= 0, false) OR coalesce(act.is_active, false))"
CHANGE = "(e.pending_change + e.active_change + e.reserved_change)"

# A wallet also looks when everything in it would lapse.
DUE = "least(o.due_at, CASE WHEN w.active > 0 THEN w.lapses_at END)"

ENTRIES = Scan(
    of="e",
    wallet="e.wallet_id",
    subject="'entry ' || e.id || ' #' || e.seq",
    source="""rewards_entry e
        LEFT JOIN rewards_entry p ON p.wallet_id = e.wallet_id AND p.seq = e.seq - 1
        LEFT JOIN rewards_wallet w ON w.id = e.wallet_id
        LEFT JOIN rewards_lot l ON l.id = e.lot_id
        LEFT JOIN (SELECT a.entry_id, sum(a.amount) AS amount FROM rewards_allocation a GROUP BY a.entry_id) used
            ON used.entry_id = e.id""",
    questions=(
        Question(
            "entry.seq",
            _("each entry follows the one before, from 1 without a gap"),
            "(e.seq = 1) <> (p.id IS NULL)",
            "'entry #' || (e.seq - 1)",
            "'none'",
        ),
        Question(
            "entry.sum",
            _("each balance is the one before plus the change"),
            """(p.id IS NOT NULL OR e.seq = 1) AND NOT (
                e.pending = coalesce(p.pending, 0) + e.pending_change
                AND e.active = coalesce(p.active, 0) + e.active_change
                AND e.reserved = coalesce(p.reserved, 0) + e.reserved_change
                AND e.arrears = coalesce(p.arrears, 0) + e.arrears_change)""",
            """concat_ws(' ', coalesce(p.pending, 0) + e.pending_change, coalesce(p.active, 0) + e.active_change,
                coalesce(p.reserved, 0) + e.reserved_change, coalesce(p.arrears, 0) + e.arrears_change)""",
            _four("e"),
        ),
        Question(
            "entry.bounds",
            _("no balance is below zero, and arrears only while nothing is usable"),
            "least(e.pending, e.active, e.reserved, e.arrears) < 0 OR (e.arrears > 0 AND e.active > 0)",
            "'pending active reserved arrears within bounds'",
            _four("e"),
        ),
        Question(
            "entry.home",
            _("each entry has its wallet and lot, of one program and wallet"),
            """w.id IS NULL OR w.program_id <> e.program_id OR (e.lot_id IS NOT NULL AND (
                l.id IS NULL OR l.wallet_id <> e.wallet_id OR l.program_id <> e.program_id))""",
            "'wallet ' || e.wallet_id || ' of program ' || e.program_id || coalesce(', lot ' || e.lot_id, '')",
            """coalesce('wallet ' || w.id || ' of program ' || w.program_id, 'no wallet')
                || CASE WHEN e.lot_id IS NULL THEN ''
                   ELSE coalesce(', lot ' || l.id || ' of wallet ' || l.wallet_id, ', no lot') END""",
        ),
        Question(
            "entry.allocations",
            _("allocations explain each change"),
            f"""NOT coalesce(used.amount, 0) = ANY (CASE WHEN e.kind IN {HOLDS} THEN ARRAY[e.reserved_change::numeric]
                WHEN e.lot_id IS NULL THEN ARRAY[(-{CHANGE})::numeric]
                WHEN e.kind <> 'activate' THEN ARRAY[(l.granted - {CHANGE})::numeric]
                WHEN l.origin_id IS NULL THEN ARRAY[(-{CHANGE})::numeric]
                ELSE ARRAY[(-{CHANGE})::numeric, l.granted - {CHANGE}] END)""",
            f"""CASE WHEN e.kind IN {HOLDS} THEN e.reserved_change WHEN e.lot_id IS NULL OR e.kind = 'activate'
                THEN -{CHANGE} ELSE l.granted - {CHANGE} END""",
            "coalesce(used.amount, 0)",
        ),
        Question(
            "entry.digest",
            _("each digest derives from the one before"),
            """e.digest IS DISTINCT FROM sha256(coalesce(p.digest, ''::bytea)
                || convert_to(wafa_canonical(e, l.granted, l.active_at, l.expires_at), 'UTF8'))""",
            """encode(sha256(coalesce(p.digest, ''::bytea)
                || convert_to(wafa_canonical(e, l.granted, l.active_at, l.expires_at), 'UTF8')), 'hex')""",
            "encode(e.digest, 'hex')",
            only_verifying=True,
        ),
    ),
)

WALLETS = Scan(
    of="w",
    wallet="w.id",
    subject="'wallet ' || w.id",
    source=f"""rewards_wallet w
        LEFT JOIN members_holder h ON h.id = w.holder_id
        LEFT JOIN rewards_unit u ON u.id = w.unit_id
        LEFT JOIN rewards_entry e ON e.wallet_id = w.id AND e.seq = w.seq
        LEFT JOIN (SELECT s.wallet_id, count(*) AS entries, max(s.seq) AS seq, sum(s.pending_change) AS pending,
                sum(s.active_change) AS active, sum(s.reserved_change) AS reserved, sum(s.arrears_change) AS arrears
            FROM rewards_entry s WHERE {OF_PROGRAM.format("s")} GROUP BY s.wallet_id) s ON s.wallet_id = w.id
        LEFT JOIN (SELECT l.wallet_id, sum(l.remaining) FILTER (WHERE NOT l.is_active) AS pending,
                sum(l.remaining - l.reserved) FILTER (WHERE l.is_active) AS active, sum(l.reserved) AS reserved,
                min(CASE WHEN NOT l.is_active THEN l.active_at WHEN l.remaining > l.reserved THEN l.expires_at END)
                    AS due_at
            FROM rewards_lot l WHERE l.remaining > 0 GROUP BY l.wallet_id) o ON o.wallet_id = w.id""",
    questions=(
        Question(
            "wallet.last",
            _("each wallet equals its last entry"),
            f"""CASE WHEN w.seq = 0
                THEN ROW(w.pending, w.active, w.reserved, w.arrears) <> {ZERO} OR s.wallet_id IS NOT NULL
                ELSE e.id IS NULL OR s.seq <> w.seq OR ROW(w.pending, w.active, w.reserved, w.arrears, w.digest)
                    IS DISTINCT FROM ROW(e.pending, e.active, e.reserved, e.arrears, e.digest) END""",
            f"concat_ws(' ', '#' || coalesce(s.seq, 0), {_four('e')}, left(encode(e.digest, 'hex'), 12))",
            f"concat_ws(' ', '#' || w.seq, {_four('w')}, left(encode(w.digest, 'hex'), 12))",
        ),
        Question(
            "wallet.sum",
            _("each wallet is the sum of all its changes"),
            """ROW(w.seq::numeric, w.pending::numeric, w.active::numeric, w.reserved::numeric, w.arrears::numeric)
                IS DISTINCT FROM ROW(coalesce(s.entries, 0)::numeric, coalesce(s.pending, 0), coalesce(s.active, 0),
                    coalesce(s.reserved, 0), coalesce(s.arrears, 0))""",
            f"concat_ws(' ', coalesce(s.entries, 0) || ' entries', {_four('s')})",
            f"concat_ws(' ', w.seq || ' entries', {_four('w')})",
        ),
        Question(
            "wallet.lots",
            _("open lots sum to pending, active and reserved"),
            """ROW(w.pending::numeric, w.active::numeric, w.reserved::numeric) IS DISTINCT FROM
                ROW(coalesce(o.pending, 0), coalesce(o.active, 0), coalesce(o.reserved, 0))""",
            "concat_ws(' ', coalesce(o.pending, 0), coalesce(o.active, 0), coalesce(o.reserved, 0))",
            "concat_ws(' ', w.pending, w.active, w.reserved)",
        ),
        Question(
            "wallet.due",
            _("no lot falls due before its wallet looks at it"),
            f"{DUE} < coalesce(w.next_due_at, 'infinity')",
            DUE,
            "coalesce(w.next_due_at::text, 'never')",
        ),
        Question(
            "wallet.home",
            _("each wallet has its holder and unit, of its program"),
            "h.id IS NULL OR u.id IS NULL OR h.program_id <> w.program_id OR u.program_id <> w.program_id",
            "'program ' || w.program_id",
            """coalesce('holder of program ' || h.program_id, 'no holder') || ', '
                || coalesce('unit of program ' || u.program_id, 'no unit')""",
        ),
    ),
)

LOTS = Scan(
    of="l",
    wallet="l.wallet_id",
    subject="'lot ' || l.id",
    source=f"""rewards_lot l
        LEFT JOIN rewards_wallet w ON w.id = l.wallet_id
        LEFT JOIN (SELECT n.id, n.program_id, n.order_id FROM rewards_lot n
            WHERE n.id IN (SELECT origin_id FROM rewards_lot WHERE origin_id IS NOT NULL)) origin
            ON origin.id = l.origin_id
        LEFT JOIN rewards_ruleversion v ON v.id = l.version_id
        LEFT JOIN (SELECT a.lot_id, sum(a.amount) FILTER (WHERE e.kind NOT IN {HOLDS}) AS taken,
                sum(a.amount) FILTER (WHERE e.kind = 'expire') AS expired,
                sum(CASE WHEN e.kind IN {HOLDS} THEN a.amount WHEN e.reserved_change < 0 THEN -a.amount END) AS held
            FROM rewards_allocation a JOIN rewards_entry e ON e.id = a.entry_id
            WHERE {OF_PROGRAM.format("e")} GROUP BY a.lot_id) used ON used.lot_id = l.id
        LEFT JOIN rewards_entry o ON o.lot_id = l.id AND o.kind <> 'activate'
        LEFT JOIN (SELECT e.lot_id, sum(woken.amount) AS granted, count(woken.amount) AS openings,
                count(*) - count(woken.amount) AS activations,
                bool_or(e.active_change - e.arrears_change > 0) AS is_active
            FROM rewards_entry e JOIN rewards_lot n ON n.id = e.lot_id
            LEFT JOIN rewards_allocation woken ON woken.entry_id = e.id AND woken.lot_id = n.origin_id
            WHERE e.kind = 'activate' AND {OF_PROGRAM.format("e")} GROUP BY e.lot_id) act ON act.lot_id = l.id""",
    questions=(
        # That no lot was opened twice follows from all sums together: the wallet would hold more than its lots.
        Question(
            "lot.opening",
            _("each lot was opened by an entry, for what it was granted"),
            f"""(o.id IS NOT NULL)::int + coalesce(act.openings, 0) <> 1 OR act.activations > 1
                OR coalesce({GAIN}, act.granted) IS DISTINCT FROM l.granted::numeric""",
            "l.granted",
            f"coalesce(({GAIN})::text, act.granted::text, 'no entry')",
        ),
        Question(
            "lot.links",
            _("each lot has the fact and order of the entry that opened it"),
            """o.fact_id IS DISTINCT FROM l.fact_id
                OR (o.order_id IS DISTINCT FROM l.order_id AND origin.order_id IS DISTINCT FROM l.order_id)""",
            "concat_ws(', ', 'fact ' || o.fact_id, 'order ' || o.order_id)",
            "concat_ws(', ', 'fact ' || l.fact_id, 'order ' || l.order_id)",
            covers="o.id IS NOT NULL",
        ),
        Question(
            "lot.remaining",
            _("granted less allocated remains"),
            "l.remaining::numeric IS DISTINCT FROM l.granted - coalesce(used.taken, 0)",
            "l.granted - coalesce(used.taken, 0)",
            "l.remaining",
        ),
        Question(
            "lot.bounds",
            _("no lot is below zero, and what is held still remains"),
            "NOT (0 <= l.reserved AND l.reserved <= l.remaining AND l.remaining <= l.granted - l.expired)",
            "'0 ≤ reserved ≤ remaining ≤ granted − expired'",
            "concat_ws(' ', l.reserved, l.remaining, l.granted, l.expired)",
        ),
        Question(
            "lot.expired",
            _("what ended unused is what entries of expiry took"),
            "l.expired::numeric IS DISTINCT FROM coalesce(used.expired, 0)",
            "coalesce(used.expired, 0)",
            "l.expired",
        ),
        Question(
            "lot.reserved",
            _("what is held is what entries reserved"),
            "l.reserved::numeric IS DISTINCT FROM coalesce(used.held, 0)",
            "coalesce(used.held, 0)",
            "l.reserved",
        ),
        Question(
            "lot.state",
            _("each lot is active when an entry made it so"),
            f"l.is_active IS DISTINCT FROM {ACTIVE}",
            f"CASE WHEN {ACTIVE} THEN 'active' ELSE 'pending' END",
            "CASE WHEN l.is_active THEN 'active' ELSE 'pending' END",
        ),
        Question(
            "lot.home",
            _("each lot has its wallet, origin and rule version, of its program"),
            """w.id IS NULL OR w.program_id <> l.program_id
                OR (l.origin_id IS NOT NULL AND (origin.id IS NULL OR origin.program_id <> l.program_id))
                OR (l.version_id IS NOT NULL AND (v.id IS NULL OR v.program_id <> l.program_id))""",
            "'program ' || l.program_id",
            """concat_ws(', ', coalesce('wallet of program ' || w.program_id, 'no wallet'),
                'origin ' || origin.id, 'version of program ' || v.program_id)""",
        ),
    ),
)

ALLOCATIONS = Scan(
    of="w",
    wallet="w.id",
    subject="'allocation ' || a.entry_id || '/' || a.lot_id",
    source="""rewards_allocation a
        LEFT JOIN rewards_entry e ON e.id = a.entry_id
        LEFT JOIN rewards_lot l ON l.id = a.lot_id
        LEFT JOIN rewards_wallet w ON w.id = coalesce(e.wallet_id, l.wallet_id)""",
    questions=(
        Question(
            "allocation.home",
            _("each allocation joins an entry and a lot of one wallet"),
            "e.wallet_id IS DISTINCT FROM l.wallet_id OR e.id IS NULL",
            "coalesce('wallet ' || e.wallet_id, 'an entry')",
            "coalesce('lot of wallet ' || l.wallet_id, 'no lot')",
        ),
    ),
)

SCANS = (WALLETS, ENTRIES, LOTS, ALLOCATIONS)
