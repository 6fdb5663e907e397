"""Pictures of rewards and causes: made small and written anew, kept once however many show them."""

from __future__ import annotations

import hashlib
from typing import IO

from loyaltysite.kit import pictures
from members.models import Program
from rewards.models import Cause, Reward, RewardPicture

SIDE = 640


def keep(*, program: Program, file: IO[bytes]) -> str:
    """The digest under which it is found from now on, at most 640 pixels each way. Raises PictureRefused."""
    try:
        content = pictures.shrink(file, side=SIDE)
    except pictures.PictureRefused as error:
        error.field = "picture"
        raise
    digest = hashlib.sha256(content).hexdigest()
    RewardPicture.objects.get_or_create(
        program=program, digest=digest, defaults={"content": content, "content_type": pictures.CONTENT_TYPE}
    )
    return digest


def drop(*, program: Program, digest: str) -> None:
    """Forget it unless something else still shows it."""
    users = (model.objects.filter(program=program, picture_digest=digest) for model in (Reward, Cause))
    if digest and not any(found.exists() for found in users):
        RewardPicture.objects.filter(program=program, digest=digest).delete()
