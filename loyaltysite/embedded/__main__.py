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
        return call(command, dict(os.environ))
    var = Path(os.environ.get("WAFA_VAR", Path(__file__).resolve().parents[2] / ".var"))
    try:
        with Servers(var / "test" if test else var, durable=not test).held() as servers:
            given = {} if test else dict(os.environ)
            return call(command, os.environ | servers.environment() | given)
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def call(command: list[str], environment: dict[str, str]) -> int:
    """Run the command; Ctrl-C is for it to handle, and we wait for what it makes of it."""
    process = subprocess.Popen(command, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
