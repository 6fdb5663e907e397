"""Daily seals: the heads of all chains that moved, signed with a key outside the database, so that even a chain
rewritten as a whole is caught."""

from __future__ import annotations

from django.db import models

from loyaltysite.kit import scoping
from members.models import Program


class Seal(models.Model):
    """`root` = sha256(previous root ‖ heads in wallet order); `signature` = HMAC-SHA256 of the root."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    heads = models.BigIntegerField()
    root = models.BinaryField()
    signature = models.BinaryField()

    objects = scoping.Manager()

    class Meta:
        indexes = [models.Index(fields=["program", "id"], name="seal_by_program")]

    def __str__(self) -> str:
        return f"{self.program_id} {self.at:%Y-%m-%d}"


class SealedHead(models.Model):
    """The digest of one wallet's last entry when the seal was made; only wallets that moved since the one before."""

    pk = models.CompositePrimaryKey("wallet_id", "seq")
    wallet_id = models.BigIntegerField()
    seq = models.BigIntegerField()
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="sealed")
    digest = models.BinaryField()

    objects = scoping.BySeal()

    def __str__(self) -> str:
        return f"{self.wallet_id}#{self.seq}"
