"""The look-ups of a posting keep to their unique indexes, also by a plan made while the tables were empty.

Such a plan stays with its connection until statistics come: in an import of a hundred thousand rows that is too late.
"""

import pytest
from django.db import connection

LOOK_UPS = {
    "identity_unique": "members_identity WHERE program_id = $1 AND kind = 'shop' AND value = 'a'",
    "member_number_unique": "members_member WHERE program_id + 0 = $1 AND number = '1'",
    "order_external_id_unique": "members_order WHERE program_id = $1 AND source = 'a' AND external_id = 'b'",
    "fact_once_for_ever": "members_fact WHERE program_id = $1 AND source = 'a' AND kind = 'order' AND external_id = 'b'"
    " AND revision = 0",
    "order_by_member": "members_order WHERE member_id = $1",
}


@pytest.mark.parametrize("index", LOOK_UPS)
def test_look_ups_use_their_index_before_there_are_statistics(fresh_database, index):
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE looked_up (bigint) AS SELECT * FROM {LOOK_UPS[index]}")
        cursor.execute("EXPLAIN EXECUTE looked_up (1)")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert f"using {index} " in plan or f"on {index} " in plan, plan
