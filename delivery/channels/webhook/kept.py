"""Secrets that a change of settings may leave out."""

from dataclasses import dataclass
from typing import Any

from delivery.channels.base import Secrets
from delivery.channels.reading import Reading

MASK = "••••••"
_MISSING = "A value is missing."
_MOVED = "The address changed; give the secret again, so that it goes to no one for whom it was not meant."


@dataclass(frozen=True, slots=True)
class KeptSecrets:
    """The channel's secrets as they are. is_moved: the channel leads elsewhere now, and none of them may follow without being given again.

    Otherwise whoever may change an address, but see no secret, could have every secret sent to a server of theirs.
    """

    secrets: Secrets
    is_moved: bool = False

    def moved_if(self, is_moved: bool) -> "KeptSecrets":  # noqa: FBT001
        return KeptSecrets(self.secrets, self.is_moved or is_moved)

    def given_or_kept(self, reading: Reading, name: str, *, key: str) -> Any:
        """The value that was typed, not checked yet, or the one kept as `key`; None with a fault if there is neither."""
        value = reading.raw.get(name)
        # What an answer showed in place of a secret may come back with the rest of the settings.
        if value is not None and value != MASK:
            return value
        kept = self.secrets.get(key)
        if kept is not None and not self.is_moved:
            return kept
        reading.report(name, "required", _MISSING if kept is None else _MOVED)
        return None
