"""A reason not to start, as one sentence for the person at the keyboard."""

import re


class Problem(Exception):
    """Printed alone, without a traceback; the exit code is 1."""


def without_password(url: str) -> str:
    """An address that may be shown."""
    return re.sub(r"(?<=//)([^:@/]*):[^@/]*@", r"\1:…@", url)
