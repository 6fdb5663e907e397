"""The day of an event on the portal, and as a file for the member's calendar."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from loyaltysite.kit import clock
from members.models import Member, Program
from members.portal.entrance import member_page
from rewards import catalogue
from rewards.gatherings import calendar
from rewards.models import Gathering, Reward
from rewards.redemptions import shelf
from rewards.views import gathering_words as words


def day_of(reward: Reward, program: Program) -> words.Day | None:
    """Nothing for what is no event, and for one whose day is not set. A statement for events only."""
    one = find(reward)
    return words.of(one, program) if one is not None else None


def find(reward: Reward) -> Gathering | None:
    if reward.kind != Reward.Kind.EVENT:
        return None
    return Gathering.objects.filter(reward=reward).select_related("reward").first()


@require_safe
@member_page
def calendar_file(request: HttpRequest, program: Program, member: Member, key: str) -> HttpResponse:
    """For whoever can see the reward or holds a seat."""
    reward = Reward.objects.filter(program=program, key=key).exclude(state=Reward.State.DRAFT).first()
    one = find(reward) if reward is not None else None
    if reward is None or one is None or not _may_see(program, member, reward):
        raise Http404
    address = request.build_absolute_uri(reverse("portal:reward", args=[program.slug, key]))
    name = catalogue.name_of(reward.names, key)
    text = calendar.write(
        one,
        host=request.get_host().split(":")[0],
        name=name,
        place=catalogue.name_of(one.places),
        text=catalogue.name_of(reward.summaries),
        address=address,
        now=clock.now(),
    )
    answer = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{key}.ics"'
    return answer


def _may_see(program: Program, member: Member, reward: Reward) -> bool:
    if shelf.offers(program=program, member=member, now=clock.now(), key=reward.key):
        return True
    return bool(reward.redemptions.filter(member=member, is_given_back=False).exists())
