"""The public member number: eleven random digits and a check digit (Luhn, ISO/IEC 7812-1), easy to read aloud."""

from __future__ import annotations

import secrets

from stdnum import luhn
from stdnum.exceptions import ValidationError

LENGTH = 12


def draw() -> str:
    """A new number. Random, so that it tells neither how many members there are nor who came before whom."""
    body = str(secrets.randbelow(9 * 10 ** (LENGTH - 2)) + 10 ** (LENGTH - 2))
    return body + luhn.calc_check_digit(body)


def is_valid(number: str) -> bool:
    """Whether the check digit fits; catches each single wrong digit and most swapped neighbours."""
    try:
        luhn.validate(number)
    except ValidationError:
        return False
    return len(number) == LENGTH
