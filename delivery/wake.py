"""The engine's door-bell.

The first ring shuts the door, and the worker that comes for it opens it again before it looks for the first time. So one message at most waits
for a worker, however long all of them are busy, and a lead that comes while the door is shut is seen by the worker who will open it. A door that
nobody opens, since its message was lost, opens by itself.
"""

from accounts.doorbell import Doorbell

DOOR_SECONDS = 5.0
# An engine that finds nothing keeps looking for this long: leads come in crowds, and it is quicker than any message.
LINGER_SECONDS = 0.15

_engine = Doorbell("delivery.deliver_due", key="leadflip:wake", door_seconds=DOOR_SECONDS, linger_seconds=LINGER_SECONDS)


def wake() -> None:
    """Ring for the engine. Never raises and never waits long: the caller's lead is safe in Postgres already."""
    _engine.ring()


def open_door() -> None:
    """The engine has come, and is about to look. Never raises."""
    _engine.open()
