"""Leadflip's settings with one database connection, the tables' owner: no row-level security to pay for."""

from leadflip.settings import *  # noqa: F403
from leadflip.settings import DATABASES as _LEADFLIP

DATABASES = {"default": _LEADFLIP["owner"]}
DATABASE_ROUTERS: list[str] = []
