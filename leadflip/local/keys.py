import base64
import json
import secrets
from pathlib import Path

from leadflip.local.faults import StackFault
from leadflip.local.folders import write_private


def load_keys(home: Path) -> dict[str, str]:
    """The installation's secrets, made at the first start and never again: without the master key what was sealed stays sealed for ever."""
    path = home / "keys.json"
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return _make_keys(path)
    except ValueError as error:
        raise StackFault(f"{path} is damaged. Put a good copy back: without its master key the leads cannot be read.") from error
    if not isinstance(found, dict) or not {"LEADFLIP_SECRET_KEY", "LEADFLIP_MASTER_KEYS"} <= found.keys():
        raise StackFault(f"{path} lacks a key. Put a good copy back: without its master key the leads cannot be read.")
    return {str(name): str(value) for name, value in found.items()}


def _make_keys(path: Path) -> dict[str, str]:
    home = path.parent
    if (home / "pgdata").exists() or (home / "pgdata.location").exists():
        raise StackFault(f"{path} is missing, though there is a database. Put it back: without its master key the leads cannot be read.")
    keys = {
        "LEADFLIP_SECRET_KEY": secrets.token_urlsafe(48),
        "LEADFLIP_MASTER_KEYS": f"local:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }
    write_private(path, json.dumps(keys, indent=2))
    return keys
