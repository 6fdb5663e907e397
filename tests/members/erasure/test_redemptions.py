"""Forgetting and rewards: what is reserved, codes, the numbers of parcels."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction
from django_scopes import scope

from members.models import (
    Holder,
)
from rewards import checking, redemptions
from rewards.models import Redemption, Reward, Wallet
from rewards.redemptions import tickets
from rewards.redemptions.refusals import CodeInvalid
from tests.members.erasure.person import MARKER, NOW, erase, order
from tests.rewards import builders
from tests.rewards.catalogue import put_up


def test_what_is_reserved_is_given_back_and_codes_are_dead(program, anna):
    builders.record(program, order("A", "2026-01-10", 60_00))
    put_up(program, "mug", price={"points": 40}, stock=3)
    put_up(program, "film", price={"points": 30}, handover="code")
    held, issued = (
        redemptions.reserve(program=program, member=anna, reward=key, key=key, now=NOW)
        for key in ("mug", "film")
    )
    with scope(program=program):
        seq = Holder.objects.get(pk=anna.pk).seq

    erase(anna)

    with scope(program=program):
        assert Redemption.objects.get(pk=held.pk).state == "released"
        assert Reward.objects.get(key="mug").taken == 0
        assert Wallet.objects.get(holder_id=anna.pk).active == 130
        # One for the release, one for being forgotten.
        assert Holder.objects.get(pk=anna.pk).seq == seq + 2
    for one in (held, issued):
        code = tickets.unseal(program_id=program.pk, sealed=bytes(one.code_sealed))
        with pytest.raises(CodeInvalid):
            redemptions.use(program=program, code=code, now=NOW)
    assert checking.run(program=program, verify=True).wrong == 0


@pytest.mark.parametrize("is_done", [False, True])
def test_the_number_of_a_parcel_goes_and_the_redemption_stays(program, anna, is_done):
    builders.record(program, order("A", "2026-01-10", 60_00))
    put_up(program, "mug", price={"points": 40}, handover="post")
    one = redemptions.reserve(program=program, member=anna, reward="mug", key="mug", now=NOW)
    redemptions.send(program=program, redemption_id=one.pk, stage="sent", now=NOW, tracking=MARKER)
    if is_done:
        redemptions.fulfil(program=program, redemption_id=one.pk, now=NOW)

    erase(anna)

    with scope(program=program):
        kept = Redemption.objects.get(pk=one.pk)
    assert (kept.tracking, kept.stage, kept.state) == ("", "sent", "fulfilled" if is_done else "issued")


def test_only_forgetting_blanks_the_number_of_a_parcel(program, anna):
    builders.record(program, order("A", "2026-01-10", 60_00))
    put_up(program, "mug", price={"points": 40}, handover="post")
    one = redemptions.reserve(program=program, member=anna, reward="mug", key="mug", now=NOW)

    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('wafa.forgetting', 'on', false)")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute("UPDATE rewards_redemption SET tracking = '' WHERE id = %s", [one.pk])
        cursor.execute("SELECT set_config('wafa.forgetting', '', false)")
