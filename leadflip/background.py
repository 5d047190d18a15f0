"""What goes on beside the deliveries: one short piece of work after another, until there is none."""

import logging
import time
from collections.abc import Callable

from accounts.alerts import forget_old_alerts, send_alerts
from accounts.doorbell import ring_background
from accounts.jobs import TakeStep, take_one_step
from accounts.outbox import send_due
from delivery import cancelling, erasure, resending
from delivery.digest_rendering import put_digests_together
from delivery.digests import plan_digests
from delivery.log_partitions import drop_old_months, forget_old_log
from delivery.volume import count_hours
from distribution import matching, resealing, retention
from intake.follow_up import follow_up
from intake.idempotency import forget_old_keys
from intake.imports import running
from intake.imports.cleaning import clean_imports

logger = logging.getLogger(__name__)

# Then the worker is given back to Celery, and begins again with the next message.
RUN_SECONDS = 20.0

# The kinds of jobs, by the name that accounts.jobs.start was given.
KINDS: dict[str, TakeStep] = {
    matching.KIND: matching.match_step,
    resealing.KIND: resealing.reseal_step,
    retention.KIND: erasure.retention_step,
    running.KIND: running.import_step,
    resending.KIND: resending.resend_step,
    cancelling.KIND: cancelling.cancel_step,
}


def _job_step() -> bool:
    return take_one_step(KINDS)


# Each does a piece of about a second at most, and tells whether there was anything to do.
PIECES: tuple[Callable[[], bool], ...] = (plan_digests, put_digests_together, follow_up, send_alerts, send_due, _job_step)


def work() -> None:
    """Give every kind of work its turn until none has any left, or the time is over."""
    end = time.monotonic() + RUN_SECONDS
    while _round():
        if time.monotonic() > end:
            ring_background()
            return


def _round() -> bool:
    had_work = [piece() for piece in PIECES]
    return any(had_work)


# Done once an hour, each by itself: one that fails keeps no other from its turn.
CHORES: tuple[Callable[[], object], ...] = (
    forget_old_keys,
    retention.start_due_retentions,
    clean_imports,
    drop_old_months,
    forget_old_log,
    forget_old_alerts,
    count_hours,
)


def tidy() -> None:
    for chore in CHORES:
        try:
            chore()
        except Exception:
            logger.exception("%s failed; it comes again in an hour.", chore.__name__)
