"""Measurements of Leadflip against the usual design and against what the machine can do, as ratios (docs/benchmarks.md)."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
