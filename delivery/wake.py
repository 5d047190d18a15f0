"""The engine's door-bell.

At most one message per DOOR_SECONDS is sent. That loses no lead, because every engine keeps looking for LINGER_SECONDS, which is longer, after it
has found nothing: a lead that comes while the door is shut is seen by the engine whose message shut it.
"""

from accounts.doorbell import Doorbell

DOOR_SECONDS = 0.05
LINGER_SECONDS = 0.15

_engine = Doorbell("delivery.deliver_due", key="leadflip:wake", door_seconds=DOOR_SECONDS)


def wake() -> None:
    """Ring for the engine. Never raises and never waits long: the caller's lead is safe in Postgres already."""
    _engine.ring()
