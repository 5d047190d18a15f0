"""Deliveries sent again because somebody says so: one at once, or all of a filter in the background, at a set pace.

A delivery keeps its id, by which its partner knows the lead, and its place with the partner: no cap is asked and no seat taken. A delivery that had
been followed up stays so: its seats are gone, and who got the lead since then keeps it.
"""

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit, jobs
from accounts.access import Access
from accounts.faults import ConflictError
from accounts.ids import new_id
from accounts.jobs import Step
from accounts.models import Job
from delivery.log_filter import LogFilter
from delivery.models import Delivery
from delivery.picking import FIRST, Piece, count_all, next_piece
from delivery.requeue import OBSTACLES, find_obstacles, requeue
from delivery.wake import wake

KIND = "resend"
RENDERINGS = ("original", "fresh")
PER_SECOND = 50
MAX_PER_SECOND = 1_000
# A job queues what falls due in this time and then rests, so that cancelling it stops what is further away. Longer than from one sweep to the next.
_AHEAD = timedelta(seconds=30)


def resend(access: Access, delivery: Delivery, *, rendering: str) -> None:
    """Queue it again, due now. rendering: "original" sends the same bytes again, "fresh" makes new ones from the lead, the Entity and the channel as
    they are then. Raises ConflictError with the reason why not.
    """
    before, is_fresh = delivery.state, rendering == "fresh"
    if not requeue([delivery.id], due=[timezone.now()], is_fresh=is_fresh, hastens=True):
        obstacle = find_obstacles([delivery.id], is_fresh=is_fresh, hastens=True).get(delivery.id)
        raise ConflictError(OBSTACLES[obstacle or "queued"])
    audit.note(access, "resent", delivery, changes={"state": [before, "queued"], "rendering": [None, rendering]})
    transaction.on_commit(wake)
    delivery.refresh_from_db()


def start_resend(access: Access, wanted: LogFilter, *, rendering: str, per_second: int) -> Job:
    """Send again what the filter finds of the deliveries that there are now, however many, at most `per_second` of them a second on average."""
    params = {"filter": wanted.as_json(), "until": str(new_id()), "rendering": rendering, "per_second": per_second}
    job = jobs.start(access, KIND, label=f"Resending deliveries, {per_second:,} a second", params=params)
    audit.note(access, "started", job, changes={"filter": [None, params["filter"]], "rendering": [None, rendering]})
    return job


def resend_step(access: Access, job: Job) -> Step:
    """Queue the next deliveries, each for its moment. `result` counts those resent, and by reason those that could not be."""
    now = timezone.now()
    after, due = _cursor(job, now)
    room = int((now + _AHEAD - due).total_seconds() * job.params["per_second"])
    if room < 1:
        return Step(cursor=job.cursor, done=job.done, is_last=False, is_resting=True)
    wanted, until = LogFilter.from_json(job.params["filter"]), UUID(job.params["until"])
    total = count_all(wanted, until=until) if job.cursor is None else None
    piece = next_piece(wanted, after=after, until=until, most=room)
    resent, passed_over = _requeue_piece(job, piece, due)
    if resent:
        transaction.on_commit(wake)
    done = job.done + len(piece.ids)
    return Step(
        cursor={"after": str(piece.after), "due": (due + _interval(job) * resent).isoformat()},
        done=done,
        is_last=piece.is_last,
        total=done if piece.is_last else total,
        result={
            "resent": job.result.get("resent", 0) + resent,
            "passed_over": dict(passed_over + Counter(job.result.get("passed_over", {}))),
        },
    )


def _cursor(job: Job, now: datetime) -> tuple[UUID, datetime]:
    """Behind which id to go on, and when the next delivery is due. Time that was lost is not made up for."""
    if job.cursor is None:
        return FIRST, now
    return UUID(job.cursor["after"]), max(now, datetime.fromisoformat(job.cursor["due"]))


def _interval(job: Job) -> timedelta:
    return timedelta(seconds=1 / job.params["per_second"])


def _requeue_piece(job: Job, piece: Piece, due: datetime) -> tuple[int, Counter[str]]:
    """How many were queued; and of the others, how many for which reason."""
    is_fresh = job.params["rendering"] == "fresh"
    obstacles = find_obstacles(piece.ids, is_fresh=is_fresh)
    free = [delivery_id for delivery_id in piece.ids if delivery_id not in obstacles]
    resent = len(requeue(free, due=[due + _interval(job) * place for place in range(len(free))], is_fresh=is_fresh))
    # Somebody else moved these in between.
    moved = Counter({"queued": len(free) - resent}) if resent < len(free) else Counter[str]()
    return resent, Counter(obstacles.values()) + moved
