"""What must hold of seals: their roots and signatures, and that every sealed head still stands in its chain."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled

from members.models import Program
from rewards import seals
from rewards.checking.scans import Fault, Proof, Question, Scan
from rewards.models import Seal

HEADS = Scan(
    of="z",
    wallet="s.wallet_id",
    subject="'seal ' || z.id || ' of entry #' || s.seq",
    source="""rewards_sealedhead s
        JOIN rewards_seal z ON z.id = s.seal_id
        LEFT JOIN rewards_wallet w ON w.id = s.wallet_id
        LEFT JOIN rewards_entry e ON e.wallet_id = s.wallet_id AND e.seq = s.seq""",
    questions=(
        Question(
            "seal.head",
            _("each sealed digest still stands in its chain"),
            "e.digest IS DISTINCT FROM s.digest OR w.program_id IS DISTINCT FROM z.program_id",
            "encode(s.digest, 'hex')",
            "coalesce(encode(e.digest, 'hex'), 'no entry')",
        ),
    ),
)

TITLES = {
    "seal.root": _("each seal's root derives from the one before and its heads"),
    "seal.signature": _("each seal is signed with our key"),
}


def prove(*, program: Program | None) -> tuple[list[Proof], list[Fault]]:
    """Check roots and signatures of all seals."""
    with scopes_disabled():
        made = Seal.objects.order_by("program_id", "id").select_related("program")
        found = list(made.filter(program=program) if program else made)
    slugs = {each.program_id: each.program.slug for each in found}
    faults = list(_faults(found, slugs))
    proofs = [
        Proof(check, str(title), len(found), sum(fault.check == check for fault in faults))
        for check, title in TITLES.items()
    ]
    return proofs, faults


def _faults(found: list[Seal], slugs: dict[int, str]) -> Iterator[Fault]:
    for flaw in seals.flaws(found):
        yield Fault(
            flaw.check, slugs[flaw.program_id], None, None, f"seal {flaw.seal_id}", flaw.expected, flaw.found
        )
