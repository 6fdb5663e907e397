"""What operators see of `members`: looked at, hardly ever changed."""

from members.admin import facts, frame, people, program
from members.admin.frame import COUNTED, OperatorAdmin, ReadOnlyAdmin, table

__all__ = ["COUNTED", "OperatorAdmin", "ReadOnlyAdmin", "facts", "frame", "people", "program", "table"]
