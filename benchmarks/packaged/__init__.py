"""A site of its own around the package `django-webhook`, in a venv of its own: nothing here imports Leadflip, nor Leadflip this."""

from benchmarks.packaged.celery import app

__all__ = ["app"]
