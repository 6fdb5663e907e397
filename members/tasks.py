"""Background work on people: each task is idempotent, may be late or doubled."""

from __future__ import annotations

from celery import shared_task
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from loyaltysite.kit import formats
from members.models import Program
from members.portal import codes, people


@shared_task(time_limit=60, soft_time_limit=30, autoretry_for=(OSError,), retry_backoff=True, max_retries=4)
def send_code(program_id: int, name: str) -> bool:
    """E-mail the code of a sign-in attempt to its address, if a member may come in with it; whether it went out."""
    program = Program.objects.get(pk=program_id)
    attempt = codes.find(program=program, name=name)
    member = attempt and people.find(program=program, emails=[attempt.email])
    if attempt is None or member is None:
        return False
    with translation.override(member.language or attempt.language):
        facts = {
            "program": program,
            "member": member,
            "code": attempt.code,
            "minutes": formats.format_number(codes.MINUTES),
        }
        subject = render_to_string("members/portal/code_subject.txt", facts).strip()
        body = render_to_string("members/portal/code.txt", facts)
    EmailMessage(subject, body, to=[attempt.email]).send()
    return True
