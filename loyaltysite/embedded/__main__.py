"""`python -m loyaltysite.embedded [--test] COMMAND …` runs a command while the embedded servers are up."""

import os
import subprocess
import sys
from pathlib import Path

from loyaltysite.embedded import EmbeddedError, Servers

USAGE = "usage: python -m loyaltysite.embedded [--test] COMMAND …"


def main(arguments: list[str]) -> int:
    """Servers given by DATABASE_URL and REDIS_URL are used instead, unless the test servers are asked for."""
    test = arguments[:1] == ["--test"]
    command = arguments[1:] if test else arguments
    if not command:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    if not test and {"DATABASE_URL", "REDIS_URL"} <= set(os.environ):
        return subprocess.call(command)
    var = Path(os.environ.get("WAFA_VAR", Path(__file__).resolve().parents[2] / ".var"))
    try:
        with Servers(var / "test" if test else var, durable=not test).held() as servers:
            given = {} if test else dict(os.environ)
            return subprocess.call(command, env=os.environ | servers.environment() | given)
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
