"""Brings database, static files and (the first time) the demo program up to date, in a process of its own."""

import hashlib
import os
import sys
from pathlib import Path

from loyaltysite.run.problems import Problem


def main() -> int:
    import django
    from django.core.management import CommandError, get_commands
    from django.db import DatabaseError

    django.setup()
    try:
        migrate()
        collect_static()
        if os.environ.get("WAFA_DEMO") == "1" and "load_demo" in get_commands():
            load_demo()
    except (Problem, CommandError, DatabaseError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def migrate() -> None:
    from django.core.management import call_command
    from django.db import DatabaseError

    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        raise Problem(f"The database could not be migrated: {str(error).splitlines()[0]}") from error


def collect_static() -> None:
    """Only when a file changed since the last time."""
    from django.conf import settings
    from django.core.management import call_command

    stamp, mark = Path(settings.STATIC_ROOT) / ".stamp", static_mark()
    if not settings.DEBUG and (not stamp.exists() or stamp.read_text() != mark):
        say("Collecting static files …")
        call_command(
            "collectstatic", interactive=False, verbosity=0, clear=Path(settings.STATIC_ROOT).exists()
        )
        stamp.write_text(mark)


def static_mark() -> str:
    """Name, size and time of every static file, in short."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def load_demo() -> None:
    """Once; an interrupted demo is loaded to its end at the next start."""
    from django.conf import settings
    from django.core.management import call_command

    from loyaltysite.demo import counting

    done = settings.VAR_DIR / "demo-loaded"
    if not done.exists():
        say("Loading the demo program, once …")
        call_command("load_demo")
        counting.ask()
        done.touch()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
