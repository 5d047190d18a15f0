"""The data folder, and the short-lived folder for sockets beside it."""

import fcntl
import hashlib
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path
from typing import IO

from leadflip.local.faults import StackFault
from leadflip.local.service_user import service_user

# A fresh cluster takes 40 MB, its write-ahead log grows to some hundred.
_NEEDED_BYTES = 256 << 20
# sun_path holds 108 bytes on Linux and 104 on macOS; Postgres adds /.s.PGSQL.5432
_SHORT_ENOUGH = 60


def write_private(path: Path, text: str) -> None:
    """Replace the file as a whole, readable by its owner only from its first byte on."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def make_data_folder(folder: Path, *, needed_bytes: int = _NEEDED_BYTES) -> None:
    if folder.exists() and not folder.is_dir():
        raise StackFault(f"{folder} is a file. LEADFLIP_DATA must name a folder.")
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
        service_user().let_through(folder)
    for name in ("logs", "run"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StackFault(f"{folder} cannot be written. Set LEADFLIP_DATA to a folder of yours.")
    if (free := shutil.disk_usage(folder).free) < needed_bytes:
        raise StackFault(f"The disk that holds {folder} has {free >> 20} MB left; Leadflip needs {needed_bytes >> 20} MB.")


def lock_data_folder(folder: Path) -> IO[str]:
    """The lock lives as long as the file that is handed back; the system drops it even when this process is killed."""
    file = (folder / "lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise StackFault(f"Leadflip is running on {folder} already. Stop it, or set LEADFLIP_DATA and PORT for a second one.") from error
    return file


def socket_folder(folder: Path, *, purpose: str) -> Path:
    """Where the sockets of a data folder lie: a short path, the same one every time."""
    base = tempfile.gettempdir()
    if len(base) > _SHORT_ENOUGH or not re.fullmatch(r"[\w./-]+", base):
        base = "/tmp"
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
    return Path(base, f"leadflip-{os.getuid()}-{digest}-{purpose}")


def make_socket_folder(place: Path, *, user: int | None = None) -> None:
    """Private to us, or to `user`, whom we start a server as."""
    owner = os.getuid() if user is None else user
    place.mkdir(mode=0o700, exist_ok=True)
    # The name can be guessed, so somebody else may have been here first.
    facts = place.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in (owner, os.getuid()) or stat.S_IMODE(facts.st_mode) != 0o700:
        raise StackFault(f"{place} belongs to somebody else. Remove it, or set TMPDIR to a folder of yours.")
    if facts.st_uid != owner:
        os.chown(place, owner, -1)
