"""postgresql.conf and pg_hba.conf, written anew at each start so that they fit this version and this machine."""

import os
from pathlib import Path

MB = 1024 * 1024


def memory() -> int:
    """Bytes that this machine, or the container we are in, has."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


def shared_memory_kind() -> str:
    """`posix` needs room in /dev/shm, which containers often give only 64 MB of."""
    try:
        found = os.statvfs("/dev/shm")  # noqa: S108 - only its size is read
    except OSError:
        return "mmap"
    return "posix" if found.f_bavail * found.f_frsize > 256 * MB else "mmap"


def configuration(*, sockets: Path, durable: bool, total: int) -> str:
    """The text of postgresql.conf: for 2 cores and 24 GiB, but safe from 1 GiB on."""
    buffers = min(max(total // 24, 64 * MB), 1024 * MB) // MB
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "120",
        "password_encryption": "scram-sha-256",
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{total // 2 // MB}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{min(max(total // 96, 32 * MB), 256 * MB) // MB}MB",
        "dynamic_shared_memory_type": shared_memory_kind(),
        "min_wal_size": "256MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "datestyle": "ISO, YMD",
        "default_text_search_config": "pg_catalog.simple",
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgres-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_timezone": "UTC",
        # Values are bound into statements on the client; a logged statement would hold personal data.
        "log_min_error_statement": "panic",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings |= {
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "shared_buffers": f"{min(buffers, 256)}MB",
            # Tests take their rows back: tables looked at in between count as empty, and plans for those never end.
            "autovacuum": "off",
        }
    return "".join(f"{name} = '{value}'\n" for name, value in settings.items())


ACCESS = "local all all scram-sha-256\n"
