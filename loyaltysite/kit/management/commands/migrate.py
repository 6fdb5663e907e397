"""Django's migrate as the owner of the tables, who then gives the application's role its privileges."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connections, transaction

from loyaltysite.kit import grants, migrating


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=grants.OWNER)

    def handle(self, *args: Any, **options: Any) -> None:
        with migrating.quick():
            super().handle(*args, **options)
        only_looking = options["plan"] or options["check_unapplied"]
        if options["database"] != grants.OWNER or only_looking or not grants.roles_differ():
            return
        role, connection = grants.application_role(), connections[grants.OWNER]
        for weakness in grants.weaknesses(connection, role=role):
            if "does not exist" in weakness:
                raise CommandError(f"{weakness} Please create it; docs/operations.md shows how.")
            self.stderr.write(self.style.WARNING(weakness))
        with transaction.atomic(using=grants.OWNER):
            grants.give(connection, role=role)
        if options["verbosity"] >= 1:
            self.stdout.write(f"  Privileges given to {role}.")
