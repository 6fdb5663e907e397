#!/usr/bin/env python
"""The command line of the site: `manage.py help` lists what it can do."""

import os
import sys

if sys.version_info < (3, 12):  # noqa: UP036 - said before anything else can fail in a less clear way
    found = ".".join(str(part) for part in sys.version_info[:3])
    sys.exit(f"Wafa needs Python 3.12 or newer; this is Python {found}.")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyaltysite.settings.dev")
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        sys.exit("This Python has no Django. Use .venv/bin/python manage.py …; `make install` makes it.")

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
