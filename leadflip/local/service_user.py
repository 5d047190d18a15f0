"""Postgres refuses to run as root, so that root starts it as somebody else, in places that this user can reach as they are.

No folder that we did not make is ever opened to that user: no parent's mode is changed.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadflip.local.faults import StackFault

# Where root keeps what the service user must reach when the project lies in a private home.
_SHARED_HOME = Path("/var/lib/leadflip")


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """Who runs Postgres: ourselves (`uid` is None), or the user that root steps down to."""

    uid: int | None = None
    gid: int | None = None

    @property
    def popen_options(self) -> dict[str, Any]:
        """A process of this user, in a session of its own: the terminal's Ctrl-C must reach it through us only."""
        options: dict[str, Any] = {"start_new_session": True, "umask": 0o077, "stdin": subprocess.DEVNULL}
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def can_run(self, program: Path) -> bool:
        try:
            asked = subprocess.run([program, "--version"], check=False, capture_output=True, cwd="/", **self.popen_options)
        except OSError:
            return False
        return asked.returncode == 0

    def can_enter(self, folder: Path) -> bool:
        # By a shell, since Popen would change into `cwd` before it steps down.
        asked = subprocess.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder], check=False, capture_output=True, **self.popen_options)
        return asked.returncode == 0

    def let_through(self, folder: Path) -> None:
        """Into a folder that we have just made: through it, to what is given to this user, and to nothing else in it."""
        if self.gid is not None:
            os.chown(folder, -1, self.gid)
            folder.chmod(0o710)

    def give(self, folder: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)


def service_user() -> ServiceUser:
    if os.geteuid() != 0:
        return ServiceUser()
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServiceUser(uid=account.pw_uid, gid=account.pw_gid)
    raise StackFault("Postgres does not run as root, and this machine has neither a user postgres nor a user nobody. Set DATABASE_URL.")


@dataclass(frozen=True, slots=True)
class Programs:
    """Those of Postgres, and the folders that they must be copied with to run elsewhere."""

    bin: Path
    folders: tuple[Path, ...]

    def can_be_run_by(self, user: ServiceUser) -> bool:
        return all(user.can_run(self.bin / name) for name in ("postgres", "initdb"))


def reachable_programs(programs: Programs, *, user: ServiceUser) -> Path:
    """The folder of programs that `user` can run: the given one, else one in a copy."""
    if programs.can_be_run_by(user):
        return programs.bin
    if user.uid is None:
        raise StackFault(
            f"{programs.bin / 'postgres'} does not run here. Set DATABASE_URL to a Postgres of yours, or LEADFLIP_PG_BIN to its programs."
        )
    copied = _copy(programs)
    if not copied.can_be_run_by(user):
        raise StackFault(f"{copied.bin} cannot be run by the user that root steps down to. Set DATABASE_URL to a Postgres of yours.")
    return copied.bin


def _copy(programs: Programs) -> Programs:
    facts = (programs.bin / "postgres").stat()
    copy = _shared_home() / f"postgres-{facts.st_size}-{int(facts.st_mtime)}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(dir=copy.parent))
        for folder in programs.folders:
            shutil.copytree(folder, draft / folder.name, symlinks=True)
            (draft / folder.name).chmod(0o755)
        draft.chmod(0o755)
        draft.replace(copy)
    return Programs(bin=copy / programs.bin.relative_to(programs.folders[0].parent), folders=())


def reachable_folder(folder: Path, *, user: ServiceUser) -> Path:
    """`folder`, whose parent exists, or a stand-in that `user` can reach; a file beside it then says where that is."""
    pointer = folder.with_name(f"{folder.name}.location")
    if pointer.exists():
        place = Path(pointer.read_text().strip())
        if not place.parent.is_dir():
            raise StackFault(f"{pointer} says that the database is in {place}, which is gone. Put it back, or move {folder.parent} away.")
        return place
    if folder.exists() or user.can_enter(folder.parent):
        return folder
    stand_in = Path(tempfile.mkdtemp(prefix="data-", dir=_shared_home()))
    user.give(stand_in)
    pointer.write_text(f"{stand_in / folder.name}\n")
    return stand_in / folder.name


def _shared_home() -> Path:
    _SHARED_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    return _SHARED_HOME
