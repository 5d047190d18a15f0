"""The demo account: made once per database, its sign-in and key kept beside the data."""

import hashlib
import json
from pathlib import Path

from leadflip.local.folders import write_private
from leadflip.local.screen import Demo


def known_demo(home: Path, *, database_url: str) -> Demo | None:
    try:
        found = json.loads((home / "demo.json").read_text())
        demo = Demo(email=found["email"], password=found["password"], api_key=found["api_key"])
        return demo if found["database"] == _fingerprint(database_url) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_demo(printed: str, *, home: Path, database_url: str) -> Demo:
    """`printed`: what seed_demo wrote; its last line is JSON. Raises ValueError or KeyError when it is not."""
    made = json.loads(printed.strip().splitlines()[-1] if printed.strip() else "")
    demo = Demo(email=made["email"], password=made["password"], api_key=made["api_key"])
    write_private(home / "demo.json", json.dumps({**made, "database": _fingerprint(database_url)}, indent=2))
    return demo


def _fingerprint(database_url: str) -> str:
    """DATABASE_URL may change between two starts, and another database knows nothing of this demo account."""
    return hashlib.sha256(database_url.encode()).hexdigest()[:16]
