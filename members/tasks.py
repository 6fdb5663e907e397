"""Background work on people: each task is idempotent, may be late or doubled."""

from __future__ import annotations

from celery import shared_task
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django_scopes import scopes_disabled

from loyaltysite.kit import clock, formats
from members import invitations, keys
from members.models import Invitation, Program, User
from members.portal import codes, people


@shared_task(time_limit=60, soft_time_limit=30, autoretry_for=(OSError,), retry_backoff=True, max_retries=4)
def send_code(program_id: int, name: str) -> bool:
    """E-mail the code of an attempt to its address, if a member may come in with it or somebody wants to join with it;
    whether it went out."""
    program = Program.objects.get(pk=program_id)
    attempt = codes.find(program=program, name=name)
    member = attempt and people.find(program=program, emails=[attempt.email])
    if attempt is None or (member is None and attempt.purpose != codes.Purpose.JOIN):
        return False
    page = "leave" if attempt.purpose == codes.Purpose.LEAVE else "code"
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
