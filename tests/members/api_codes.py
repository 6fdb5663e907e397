"""All codes that the API can answer, gathered from the code itself; `python -m` writes them into docs/api.md."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api.md"
MARK = "<!-- codes: python -m tests.members.api_codes writes this table -->\n"
# What calls of the API reach; the dashboard's, portal's and commands' own refusals are not among it.
SOURCES = (
    "campaigns/api",
    "campaigns/journeys/doors.py",
    "loyaltysite/kit/errors.py",
    "members/addresses.py",
    "members/api",
    "members/identities.py",
    "members/people.py",
    "members/profiles.py",
    "members/stores.py",
    "rewards/adjustments.py",
    "rewards/bulk.py",
    "rewards/badges/entering.py",
    "rewards/api",
    "rewards/causes",
    "rewards/coupons/guessing.py",
    "rewards/coupons/refusals.py",
    "rewards/pools/refusals.py",
    "rewards/drafts.py",
    "rewards/engine/definitions.py",
    "rewards/households/parting.py",
    "rewards/households/places.py",
    "rewards/households/sharing.py",
    "rewards/intake",
    "rewards/ledger.py",
    "rewards/merging",
    "rewards/passcodes.py",
    "rewards/plans/leaving.py",
    "rewards/plans/payments.py",
    "rewards/plans/refunds.py",
    "rewards/posting.py",
    "rewards/prizes.py",
    "rewards/quotes.py",
    "rewards/redemptions",
    "rewards/referrals/claims.py",
    "rewards/referrals/decisions.py",
    "rewards/reinstatements.py",
    "rewards/rules.py",
    "rewards/spending.py",
    "rewards/surprises",
    "rewards/tiers/standings.py",
    "rewards/transfers.py",
)
FRAMEWORK = {
    "not_authenticated": (401, "Authentication credentials were not provided."),
    "parse_error": (400, "The body is no JSON."),
    "method_not_allowed": (405, "This address has no such method."),
    "unsupported_media_type": (415, "Send application/json."),
}
# Errors whose sentence depends on what was wrong.
SAID_ON_THE_SPOT = {
    "identity_invalid": "The e-mail address, phone or other identity cannot be one.",
    "manual_tier_refused": "This tier cannot be given by hand; the sentence says why.",
    "merge_bound": "Something later must be undone or finished first.",
    "unmergeable": "These two cannot be merged as they are; the sentence says why.",
    "number_invalid": "Give a whole number from %(least)d to %(most)d.",
    "text_invalid": "Give a text of %(least)d to %(most)d characters.",
}
OF_FAULTS = {
    "text_expected", "text_invalid", "text_reserved", "choice_unknown", "number_invalid", "flag_expected",
    "moment_invalid", "day_invalid", "object_expected", "list_expected", "list_length_invalid", "field_unknown",
    "field_missing", "cursor_invalid",
}  # fmt: skip


def codes() -> dict[str, tuple[int, str]]:
    """{code: (status, sentence)} of everything in SOURCES."""
    found = dict(FRAMEWORK)
    for path in _files():
        found |= _classes(path)
        for code, sentence in _refusals(path):
            status = 409 if code == "fact_contradicts" else 422
            found.setdefault(code, (status, SAID_ON_THE_SPOT.get(code) or sentence))
    found["invalid"] = (422, "The request is not what the documentation says; `errors` lists every fault.")
    del found["refused"], found["item_refused"]
    return found


def _files() -> Iterator[Path]:
    for source in SOURCES:
        place = ROOT / source
        yield from sorted(place.glob("**/*.py")) if place.is_dir() else [place]


def _classes(path: Path) -> dict[str, tuple[int, str]]:
    """The errors that a module defines."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    found = {}
    for each in vars(module).values():
        if not isinstance(each, type) or not issubclass(each, Exception) or each.__module__ != name:
            continue
        if hasattr(each, "default_code"):
            found[each.default_code] = (each.status_code, str(each.default_detail))
        elif "code" in vars(each):
            sentence = SAID_ON_THE_SPOT.get(each.code) or str(each.message)
            found[each.code] = (each.status, sentence)
    return found


def _refusals(path: Path) -> Iterator[tuple[str, str]]:
    """Refusal("code", _("Sentence.")) in the text of a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal" and node.args:
            first, *rest = node.args
            if isinstance(first, ast.Constant):
                words = (
                    [part.value for part in ast.walk(rest[0]) if isinstance(part, ast.Constant)]
                    if rest
                    else []
                )
                yield first.value, next((word for word in words if isinstance(word, str)), "")


def table() -> str:
    """The table of the page."""
    lines = ["| code | status | what it says |", "|---|---|---|"]
    for code, (status, sentence) in sorted(codes().items()):
        lines.append(f"| `{code}` | {status} | {sentence} |")
    faults = ", ".join(f"`{code}`" for code in sorted(OF_FAULTS))
    return "\n".join(lines) + f"\n\nCodes inside `errors`: {faults}.\n"


def main() -> None:
    import django

    django.setup()
    from django.utils import translation

    with translation.override("en"):
        text = PAGE.read_text()
        PAGE.write_text(text[: text.index(MARK)] + MARK + "\n" + table())


if __name__ == "__main__":
    main()
