"""Owns where the shipped data lie."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
