"""Every address of the site and who may open it. A new address fails the walk until it stands here.

`Wall(read, write, *objects)`: the lowest role for GET and for POST (None: there is no such method), and the names of
the objects in the address, which a World has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.utils import timezone
from django_scopes import scope

from members import keys
from members.models import Invitation, Member, Note, Program, Role, TeamMembership, User
from rewards import redemptions
from rewards.merging.joining import merge
from rewards.models import BulkAction, ImportRun, PendingAdjustment, Redemption, Unit
from rewards.till import handing
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards

ANALYST, MANAGER, OWNER, CASHIER = Role.ANALYST, Role.MANAGER, Role.OWNER, Role.CASHIER


class Wall:
    def __init__(self, read: Role | None, write: Role | None = None, *objects: str) -> None:
        self.read, self.write, self.objects = read, write, objects


# Open to everybody, or to everybody who has signed in, whatever the program; the portal and the API have walls of
# their own (tests/members/test_portal_pages.py, tests/rewards/api).
OPEN = {
    "healthz",
    "readyz",
    "metrics",
    "set_language",
    "styleguide",
    "members:root",
    "presets:gallery",  # for owners of any program; tests/loyaltysite/test_gallery.py
    "presets:new",
    "members:programs",
    "members:account",
    "members:invitation",
    "rewards:till_root",
    "rewards:till_worker",
}
OPEN_PREFIXES = ("account_", "mfa_", "usersessions_", "portal:", "api:", "admin:")

DASHBOARD: dict[str, Wall] = {
    "analytics:home": Wall(ANALYST),
    # who
    "rewards:members": Wall(ANALYST),
    "rewards:join": Wall(MANAGER, MANAGER),
    "rewards:export": Wall(ANALYST),
    "rewards:member": Wall(ANALYST, None, "number"),
    "rewards:reasons": Wall(ANALYST, None, "number", "fact_id"),
    "rewards:member_action": Wall(MANAGER, MANAGER, "number", "name"),
    "rewards:merge": Wall(MANAGER, MANAGER, "number"),
    "rewards:unmerge": Wall(MANAGER, MANAGER, "number", "merge_id"),
    "rewards:note_new": Wall(None, MANAGER, "number"),
    "rewards:note_delete": Wall(None, MANAGER, "number", "note_id"),
    "rewards:tags": Wall(MANAGER, MANAGER, "number"),
    "rewards:bulk_list": Wall(MANAGER),
    "rewards:bulk_new": Wall(MANAGER, MANAGER),
    "rewards:bulk": Wall(MANAGER, None, "action_id"),
    "rewards:bulk_decide": Wall(None, MANAGER, "action_id"),
    "rewards:bulk_left": Wall(MANAGER, None, "action_id"),
    "rewards:approvals": Wall(ANALYST),
    "rewards:approve": Wall(None, MANAGER, "adjustment_id"),
    "rewards:refuse": Wall(None, MANAGER, "adjustment_id"),
    # what
    "rewards:rules": Wall(ANALYST),
    "rewards:rule": Wall(ANALYST, None, "key:rule"),
    "rewards:rule_new": Wall(MANAGER, MANAGER),
    "rewards:rule_edit": Wall(MANAGER, MANAGER, "key:rule"),
    "rewards:rule_publish": Wall(MANAGER, MANAGER, "key:rule"),
    "rewards:rule_retire": Wall(MANAGER, MANAGER, "key:rule"),
    "rewards:rule_cancel": Wall(None, MANAGER, "key:rule"),
    "rewards:rule_discard": Wall(None, MANAGER, "key:rule"),
    "rewards:tiers": Wall(ANALYST),
    "rewards:tiers_edit": Wall(MANAGER, MANAGER),
    "rewards:units": Wall(ANALYST),
    "rewards:unit_new": Wall(MANAGER, MANAGER),
    "rewards:unit_example": Wall(MANAGER, MANAGER),
    "rewards:unit_edit": Wall(MANAGER, MANAGER, "key:unit"),
    "rewards:unit_limits": Wall(OWNER, OWNER, "key:unit"),
    "rewards:rewards": Wall(ANALYST),
    "rewards:reward_new": Wall(MANAGER, MANAGER),
    "rewards:reward": Wall(ANALYST, None, "key:reward"),
    "rewards:reward_edit": Wall(MANAGER, MANAGER, "key:reward"),
    "rewards:reward_move": Wall(None, MANAGER, "key:reward"),
    "rewards:reward_picture": Wall(None, MANAGER, "key:reward"),
    "rewards:redeemed": Wall(ANALYST),
    "rewards:redemption": Wall(ANALYST, MANAGER, "redemption_id"),
    # operations
    "rewards:imports": Wall(ANALYST),
    "rewards:import_upload": Wall(None, MANAGER),
    "rewards:import": Wall(ANALYST, None, "run_id"),
    "rewards:import_columns": Wall(MANAGER, MANAGER, "run_id"),
    "rewards:import_start": Wall(None, MANAGER, "run_id"),
    "rewards:import_stop": Wall(None, MANAGER, "run_id"),
    "rewards:import_discard": Wall(None, MANAGER, "run_id"),
    "rewards:import_rejected": Wall(MANAGER, None, "run_id"),
    "members:stores": Wall(ANALYST),
    "members:store_new": Wall(MANAGER, MANAGER),
    "members:store_edit": Wall(MANAGER, MANAGER, "store_id"),
    # settings
    "members:program": Wall(OWNER, OWNER),
    "members:brand": Wall(OWNER, OWNER),
    "members:logo": Wall(None, OWNER),
    "members:audit": Wall(MANAGER),
    "members:audit_export": Wall(MANAGER),
    "members:keys": Wall(OWNER),
    "members:key_new": Wall(OWNER, OWNER),
    "members:key": Wall(OWNER, OWNER, "key_id"),
    "members:team": Wall(MANAGER, OWNER),
    "members:team_member": Wall(OWNER, OWNER, "place_id"),
    "members:team_remove": Wall(None, OWNER, "place_id"),
    "members:invitation_resend": Wall(None, OWNER, "invitation_id"),
    "members:invitation_revoke": Wall(None, OWNER, "invitation_id"),
}

# At the till a cashier is as good as a manager, and an analyst has no business.
TILL: dict[str, Wall] = {
    "rewards:till": Wall(CASHIER),
    "rewards:till_find": Wall(CASHIER, CASHIER),
    "rewards:till_act": Wall(None, CASHIER, "kind"),
    "rewards:till_redeem": Wall(CASHIER, CASHIER, "token"),
    "rewards:till_preview": Wall(CASHIER, CASHIER),
    "rewards:till_store": Wall(CASHIER, CASHIER),
    "rewards:till_session": Wall(CASHIER),
    "rewards:till_lock": Wall(None, CASHIER),
}


@dataclass(frozen=True)
class World:
    """A program with one of everything that an address can name."""

    program: Program
    owner: User

    @classmethod
    def make(cls) -> World:
        program = b.open_program(stores=["north"], tiers={"basic": (0, {}), "gold": (10**6, {})})
        b.join(program, "anna")
        b.join(program, "ben")
        b.record(program, b.order("A", "2026-01-10", 1000, store="north"))
        return cls(program, hire(program, Role.OWNER))

    def argument(self, name: str) -> object:
        """What stands in the address under that name; "key:unit" is the key of a unit."""
        with scope(program=self.program):
            return getattr(self, name.replace(":", "_"))

    @cached_property
    def _anna(self) -> Member:
        return b.find(self.program, "anna")

    @property
    def number(self) -> str:
        return self._anna.number

    @property
    def fact_id(self) -> int:
        return b.stored_order(self.program, "A").fact_id

    @property
    def name(self) -> str:
        return "adjust"

    @property
    def kind(self) -> str:
        return "sale"

    @property
    def key_unit(self) -> str:
        return Unit.objects.first().key

    @property
    def key_rule(self) -> str:
        return self.program.rules.first().key

    @cached_property
    def key_reward(self) -> str:
        """Another one in each program, so that the other's is none of one's own."""
        return rewards.put_up(self.program, f"gift-{self.program.pk}").key

    @cached_property
    def _held(self) -> Redemption:
        rewards.put_up(self.program, "free", price={}, per_member=9)
        return redemptions.reserve(
            program=self.program, member=self._anna, reward="free", key="k", now=timezone.now()
        )

    @property
    def redemption_id(self) -> int:
        return self._held.pk

    @property
    def token(self) -> str:
        """That the owner has had a code in hand."""
        return handing.token_of(redemption=self._held, cashier=self.owner)

    @property
    def store_id(self) -> int:
        return self.program.stores.first().pk

    @cached_property
    def place_id(self) -> int:
        return TeamMembership.objects.get(program=self.program, user=self.owner).pk

    @cached_property
    def invitation_id(self) -> int:
        facts = {"email": "new@example.com", "role": "analyst", "nonce": "n", "invited_by": self.owner}
        made = Invitation.objects.create(
            program=self.program, digest=f"d{self.program.pk}", expires_at=b.moment("2030-01-01"), **facts
        )
        return made.pk

    @cached_property
    def key_id(self) -> int:
        now = b.moment("2026-01-01")
        return keys.create(
            program=self.program, name="Shop", scopes=["members:read"], by=self.owner, now=now
        )[0].pk

    @cached_property
    def action_id(self) -> int:
        facts = {"author": self.owner, "kind": "tag", "terms": {"tag": "vip"}, "state": "done"}
        return BulkAction.objects.create(program=self.program, **facts).pk

    @cached_property
    def run_id(self) -> int:
        facts = {"author": self.owner, "name": "orders.csv", "size": 1, "digest": "d", "state": "done"}
        return ImportRun.objects.create(program=self.program, **facts).pk

    @cached_property
    def adjustment_id(self) -> int:
        facts = {
            "member": self._anna,
            "unit": Unit.objects.first(),
            "amount": 5,
            "reason": "sorry",
            "key": "k",
        }
        return PendingAdjustment.objects.create(program=self.program, asked_by=self.owner, **facts).pk

    @cached_property
    def note_id(self) -> int:
        return Note.objects.create(program=self.program, member=self._anna, author=self.owner, text="hm").pk

    @cached_property
    def merge_id(self) -> int:
        facts = {"kept": self._anna, "gone": b.find(self.program, "ben"), "reason": "twice", "key": "k"}
        return merge(program=self.program, by=self.owner, now=b.moment("2026-02-01"), **facts).pk
