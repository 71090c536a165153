"""Owns where the shipped data lie."""

from pathlib import Path

SHIPPED = Path(__file__).parent / "files"
