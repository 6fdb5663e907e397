"""Background work on people: each task is idempotent, may be late or doubled."""

from __future__ import annotations

from celery import shared_task
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django_scopes import scopes_disabled

from loyaltysite.kit import clock, formats
from loyaltysite.kit.db import only_one
from members import followers, invitations, keys
from members.models import Invitation, Program, User
from members.portal import codes, people
from members.webhooks import sending

# The mail of a code that does more than letting somebody in.
# In a household others may take what one has: as if it were sent to them.
PAGES = {codes.Purpose.LEAVE: "leave", codes.Purpose.SEND: "send", codes.Purpose.HOUSEHOLD: "send"}


@shared_task(time_limit=60, soft_time_limit=30, autoretry_for=(OSError,), retry_backoff=True, max_retries=4)
def send_code(program_id: int, name: str) -> bool:
    """E-mail the code of an attempt to its address, if a member may come in with it or somebody wants to join with it;
    whether it went out."""
    program = Program.objects.get(pk=program_id)
    attempt = codes.find(program=program, name=name)
    member = attempt and people.find(program=program, emails=[attempt.email])
    if attempt is None or (member is None and attempt.purpose != codes.Purpose.JOIN):
        return False
    page = PAGES.get(codes.Purpose(attempt.purpose), "code")
    with translation.override((member.language if member else "") or attempt.language):
        facts = {
            "program": program,
            "member": member,
            "code": attempt.code,
            "minutes": formats.format_number(codes.MINUTES),
        }
        subject = render_to_string(f"members/portal/{page}_subject.txt", facts).strip()
        body = render_to_string(f"members/portal/{page}.txt", facts)
    EmailMessage(subject, body, to=[attempt.email]).send()
    return True


@shared_task(time_limit=60, soft_time_limit=30, autoretry_for=(OSError,), retry_backoff=True, max_retries=4)
def send_invitation(invitation_id: int, site: str) -> bool:
    """E-mail an invitation into a team to its address; whether it went out. One that has ended is not sent."""
    with scopes_disabled():
        found = Invitation.objects.open().select_related("program", "invited_by")
        invitation = found.filter(pk=invitation_id).first()
    if invitation is None:
        return False
    user = User.objects.filter(email=invitation.email).first()
    with translation.override((user and user.language) or invitation.program.languages[0]):
        facts = {
            "invitation": invitation,
            "program": invitation.program,
            "inviter": invitation.invited_by.get_full_name() if invitation.invited_by else "",
            "link": site.rstrip("/") + reverse("members:invitation", args=[invitations.token_of(invitation)]),
            "until": formats.format_date(invitation.expires_at, tz=invitation.program.zone, form="long"),
        }
        subject = " ".join(render_to_string("members/mail/invitation_subject.txt", facts).split())
        body = render_to_string("members/mail/invitation.txt", facts)
    EmailMessage(subject, body, to=[invitation.email]).send()
    with scopes_disabled():
        Invitation.objects.filter(pk=invitation.pk, nonce=invitation.nonce).update(sent_at=clock.now())
    return True


# What one run takes of a program's answers; the rest is left to the next.
ANSWERS = 1_000_000


@shared_task(soft_time_limit=240, time_limit=300)
def forget_answers() -> int:
    """Remove the API's stored answers that are older than 30 days; how many."""
    now = clock.now()
    programs = Program.objects.order_by("pk")
    return sum(keys.forget_answers(program=program, now=now, limit=ANSWERS) for program in programs)


@shared_task(time_limit=60, soft_time_limit=30, autoretry_for=(OSError,), retry_backoff=True, max_retries=4)
def join_by_phone(program_id: int, name: str) -> bool:
    """Make a member of who asked for it by phone, unless somebody has the phone; whether there is a new member."""
    program = Program.objects.get(pk=program_id)
    attempt = codes.find(program=program, name=name)
    if attempt is None or not attempt.phone:
        return False
    is_new = people.enroll_by_phone(program=program, attempt=attempt, now=clock.now())
    codes.end(attempt=attempt)
    return is_new


# A run ends after so many seconds; the next one goes on.
DELIVERING = 50
RUNS = 2


@shared_task(soft_time_limit=240, time_limit=300)
def deliver_events() -> int:
    """Tell followers what happened; how many events. Two runs at a time: a long one leaves workers to the others."""
    for number in range(RUNS):
        with only_one("wafa-deliver", number) as is_mine:
            if is_mine:
                return followers.deliver(clock=clock.now, seconds=DELIVERING)
    return 0


@shared_task(soft_time_limit=120, time_limit=180)
def send_webhooks() -> int:
    """Send webhooks what is due; how many messages were tried. One run at a time: a slow receiver takes no second
    worker."""
    with only_one("wafa-webhooks") as is_mine:
        return sending.send(clock=clock.now, seconds=DELIVERING) if is_mine else 0


@shared_task(soft_time_limit=240, time_limit=300)
def forget_webhook_messages() -> int:
    """Remove messages to webhooks that are older than a month; how many."""
    return sending.forget(now=clock.now())
