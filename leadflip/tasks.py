"""Celery's way into what goes on in the background."""

from celery import shared_task

from leadflip import background


@shared_task(name="leadflip.work")
def work() -> None:
    background.work()


@shared_task(name="leadflip.tidy")
def tidy() -> None:
    background.tidy()
