"""What the log keeps no longer: whole months are dropped; what one account keeps for a shorter time than another is removed in pieces.

Both are done by functions in the database that run as the owner (migration 0008): the application itself may not remove anything of the log.
"""

from itertools import takewhile

from django.db import connection

_TRIES_PER_PIECE = 5_000
# An hour's worth; more is left for the next.
_PIECES = 100


def drop_old_months() -> int:
    """Drop the partitions that lie behind the longest `log_days` of all accounts. Returns how many tables."""
    return _call("SELECT leadflip_drop_old_partitions()")


def forget_old_log() -> int:
    """Remove the tries that are older than the `log_days` of their account, where others keep theirs for longer. Returns how many."""
    pieces = (_call("SELECT leadflip_forget_old_log(%s)", _TRIES_PER_PIECE) for _ in range(_PIECES))
    return sum(takewhile(bool, pieces))


def _call(statement: str, *values: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        number: int = cursor.fetchone()[0]
    return number
