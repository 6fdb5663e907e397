"""`python -m loyaltysite.run [serve | backup [FILE] | restore FILE | reset]`; the Makefile calls it."""

import sys
from collections.abc import Callable

from loyaltysite.run import backup, reset, supervisor
from loyaltysite.run.problems import Problem

COMMANDS: dict[str, tuple[int, int, Callable[..., None]]] = {
    "serve": (0, 0, supervisor.run),
    "backup": (0, 1, backup.make),
    "restore": (1, 1, backup.restore),
    "reset": (0, 0, reset.run),
}


def main(arguments: list[str]) -> int:
    name, *rest = arguments or ["serve"]
    least, most, command = COMMANDS.get(name, (0, -1, supervisor.run))
    if not least <= len(rest) <= most:
        sys.stderr.write(f"usage: {__doc__}\n")
        return 2
    try:
        command(*rest)
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
