"""What leadflip.delivery is measured against: the usual Django design, one Celery task per delivery, over the same tables."""

from benchmarks.usual.celery import app

__all__ = ["app"]
