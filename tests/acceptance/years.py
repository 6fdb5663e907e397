"""A member's years in a program made from a preset: the clock moves, shops call the API, the jobs of the night run."""

from __future__ import annotations

import itertools
from typing import Any

import time_machine
from django.core.cache import cache
from django.test import Client

from loyaltysite.kit import clock
from loyaltysite.presets import founding
from loyaltysite.presets.collection import PRESETS
from members.models import Member, Role, User
from rewards import checking, passcodes, tasks
from tests.members.api_shop import Shop
from tests.members.teams import hire, signed_in
from tests.rewards import builders as b
from tests.rewards.till import shop as tills

WHO = {"kind": "email", "value": "anna@example.com", "joins": True}


class Year:
    """Everything happens at the moment where the clock stands; `at` moves it (a day alone is its noon, UTC)."""

    def __init__(self, preset: str, traveller: time_machine.Coordinates) -> None:
        cache.clear()
        self.traveller = traveller
        self.program = founding.create(
            preset=PRESETS[preset],
            slug="mine",
            name="Mine",
            owner="olga@example.com",
            by=None,
            now=clock.now(),
        )
        self.unit = next((unit.key for unit in PRESETS[preset].units), "")
        self.shop = Shop(self.program)
        self.cashier: User = hire(self.program, Role.CASHIER)
        self.numbers = itertools.count(1)

    def at(self, moment: str) -> None:
        self.traveller.move_to(b.moment(moment))

    def night(self, moment: str) -> None:
        """Move there and run what runs by itself, twice: a repeat must change nothing."""
        self.at(moment)
        for _time in range(2):
            tasks.end_redemptions()
            tasks.settle_wallets()
            tasks.review_tiers()
            tasks.end_plans()

    # --- orders

    def order(self, moment: str, *lines: int | dict[str, Any], number: str = "", who: Any = WHO) -> str:
        """Its number; an amount alone is a line of one piece with the SKU `sku-<amount>`."""
        number = number or f"N-{next(self.numbers)}"
        self._ok(self.try_order(moment, *lines, number=number, who=who))
        return number

    def try_order(
        self,
        moment: str,
        *lines: int | dict[str, Any],
        number: str = "",
        who: Any = WHO,
        codes: tuple[str, ...] = (),
        to: str = "orders",
    ) -> Any:
        """The answer, whatever it is; `to` may be the preview."""
        self.at(moment)
        content = {
            "source": "shop",
            "external_id": number or f"N-{next(self.numbers)}",
            "occurred_at": clock.now().isoformat(),
            "currency": "EUR",
            "member": who,
            "lines": [line(each) if isinstance(each, int) else each for each in lines],
        }
        return self.shop.post(to, content | ({"codes": list(codes)} if codes else {}))

    def cancel_order(self, moment: str, number: str) -> None:
        self.at(moment)
        at = clock.now().isoformat()
        self._ok(self.shop.post("cancellations", {"source": "shop", "order": number, "occurred_at": at}))

    def give_back(self, moment: str, order: str, *skus: str, source: str = "shop") -> None:
        """Some pieces of an order, or all that is left of it."""
        self.at(moment)
        content = {
            "source": source,
            "external_id": f"R-{next(self.numbers)}",
            "occurred_at": clock.now().isoformat(),
            "order": order,
            "lines": [{"sku": sku, "quantity": 1} for sku in skus],
        }
        self._ok(self.shop.post("returns", content))

    # --- what there is

    @property
    def member(self) -> Member:
        return b.find(self.program, "anna")

    @property
    def wallet(self) -> dict[str, Any]:
        (found,) = self._ok(self.shop.get(f"members/{self.member.pk}/wallets"))["items"]
        return found

    @property
    def balance(self) -> int:
        assert b.wrong_wallets(self.program) == []
        return self.wallet["active"]

    @property
    def tier(self) -> dict[str, Any]:
        return self._ok(self.shop.get(f"members/{self.member.pk}/standing"))

    def offers(self) -> dict[str, list[str]]:
        """What stands in the way of each reward; nothing where it can be had."""
        items = self._ok(self.shop.get(f"members/{self.member.pk}/rewards"))["items"]
        return {each["reward"]["key"]: [one["code"] for one in each["refusals"]] for each in items}

    # --- rewards

    def redeem(self, moment: str, reward: str) -> dict[str, Any]:
        """The answer of the API, with the code that the member's own page shows in that minute."""
        self.at(moment)
        shown = passcodes.show(member=self.member, now=clock.now()).code
        body = {"reward": reward, "authorization": {"kind": "code", "code": shown}}
        return self.shop.post(f"members/{self.member.pk}/redemptions", body).json()

    def code_of(self, one: dict[str, Any]) -> str:
        return self._ok(self.shop.get(f"redemptions/{one['id']}"))["code"]

    def state_of(self, one: dict[str, Any]) -> str:
        return self._ok(self.shop.get(f"redemptions/{one['id']}"))["state"]

    def use(self, code: str) -> str:
        """The state that it leads to, or why not."""
        answer = self.shop.post("codes/use", {"code": code}).json()
        return answer.get("state") or answer["code"]

    def cancel(self, one: dict[str, Any], reason: str = "Changed their mind") -> str:
        return self._ok(self.shop.post(f"redemptions/{one['id']}/cancel", {"reason": reason}))["state"]

    # --- the till

    @property
    def till(self) -> Client:
        """Signed in today: sessions do not last for months."""
        return signed_in(self.cashier)

    def sell(self, moment: str, number: str, amount_minor: int = 0, **others: Any) -> None:
        self.at(moment)
        given = {"store": ""} | others
        self._ok(tills.sell(self.till, self.program, self.cashier, number, amount_minor, **given))

    def undo(self, key: str) -> int:
        return tills.undo(self.till, self.program, self.cashier, key).status_code

    def hand_over(self, code: str, **tap: Any) -> int:
        """Scan a code and tap."""
        go = self._ok(tills.find(self.till, self.program, code))["go"]
        return self.till.post(go, tills.tap(self.cashier, **tap)).status_code

    def close(self) -> None:
        """Every wallet is what its entries say, from the first to the last."""
        assert checking.run(program=self.program, verify=True).faults == []

    def _ok(self, answer: Any) -> Any:
        assert answer.status_code < 300, answer.content
        return answer.json()


def line(amount_minor: int) -> dict[str, Any]:
    return {"sku": f"sku-{amount_minor}", "quantity": 1, "amount_minor": amount_minor}
