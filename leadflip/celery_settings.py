"""Celery starts work and carries none: no ETA, no countdown, no retry (docs/adr/0001)."""

from django.conf import settings

from accounts.doorbell import BACKGROUND_QUEUE

broker_url = settings.REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
broker_connection_retry_on_startup = True
broker_transport_options = {
    "visibility_timeout": 7200,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
    "health_check_interval": 10,
}
task_ignore_result = True
task_acks_late = True
task_reject_on_worker_lost = True
worker_prefetch_multiplier = 1
worker_hijack_root_logger = False
worker_max_tasks_per_child = 10_000
worker_cancel_long_running_tasks_on_connection_loss = False
worker_consumer = "leadflip.celery_consumer:Consumer"
timezone = "UTC"
# A worker of its own: an import of an hour must not stand in the engine's way, nor a full engine in the import's.
task_routes = {"leadflip.*": {"queue": BACKGROUND_QUEUE}}
# Beat is a metronome: a message that nobody took within its interval is worth nothing.
beat_schedule = {
    "sweep": {"task": "delivery.deliver_due", "schedule": 5.0, "options": {"expires": 5}},
    "background": {"task": "leadflip.work", "schedule": 5.0, "options": {"expires": 5}},
    "tidy": {"task": "leadflip.tidy", "schedule": 3600.0, "options": {"expires": 1800}},
    "partitions": {"task": "delivery.make_partitions", "schedule": 6 * 3600.0, "options": {"expires": 3600}},
}
