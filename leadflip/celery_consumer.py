"""Celery's consumer, which comes back within two seconds of the broker's return.

Its own waits grow to 30 s, so that leads would wait that long for their first try after a short outage.
"""

from typing import Any

from celery.worker.consumer import consumer


class Consumer(consumer.Consumer):
    def ensure_connected(self, conn: Any) -> Any:
        def on_error(error: Exception, interval: float) -> None:
            consumer.logger.warning("The broker does not answer; trying again in %.0f s. %s", interval, error)

        return conn.ensure_connection(
            on_error, None, interval_start=0.5, interval_step=0.5, interval_max=2, callback=consumer.maybe_shutdown
        )
