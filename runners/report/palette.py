"""Owns the colours and symbols of a report: one per mode, legible on white and on black.

Cool colours are partner modes, warm ones proxy modes, grey and brown the floor and the ceiling. The
hues follow Okabe and Ito's colour-blind safe set; symbols and dashes say the same a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PARTNER_COLOURS = ("#009e73", "#56b4e9", "#6a6ad4", "#2b9aa8", "#4d7f4f")
PROXY_COLOURS = ("#cc79a7", "#e69f00", "#b0455f", "#b8860b", "#9a57b5")
OTHER_COLOURS = ("#8c8c8c", "#7a7a52", "#5f7a8c", "#a08080")
REFERENCE_COLOURS = {"solo": "#868e99", "pool": "#a6703c"}
MAIN_COLOURS = {"partner/allreduce": "#1f7fc4", "proxy/federated": "#d55e00"}
KIND_COLOURS = {
    "compute": "#3aa193",
    "protect": "#5b7fb8",
    "transfer": "#d9b44a",
    "queue": "#d7a3cf",
    "merge": "#a8559f",
    "wait": "#a3abb6",
    "down": "#c2513f",
}
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a mode is drawn."""

    colour: str
    symbol: str
    dash: str


def looks_of(labels: Sequence[str]) -> dict[str, Look]:
    """Return the look of every mode; `labels` in the order in which the report shows them."""
    colours = _colours_of(labels)
    return {
        label: Look(
            colour=colours[label],
            symbol=SYMBOLS[number % len(SYMBOLS)],
            dash="dash" if label in REFERENCE_COLOURS else "solid",
        )
        for number, label in enumerate(labels)
    }


def translucent(colour: str, alpha: float) -> str:
    """Return `#rrggbb` as an rgba() colour."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def _colours_of(labels: Sequence[str]) -> dict[str, str]:
    fixed = REFERENCE_COLOURS | MAIN_COLOURS  # the same in every report
    colours = {label: fixed[label] for label in labels if label in fixed}
    for start, palette in (
        ("partner/", PARTNER_COLOURS),
        ("proxy/", PROXY_COLOURS),
        ("", OTHER_COLOURS),
    ):
        family = [label for label in labels if label not in colours and label.startswith(start)]
        colours |= {label: palette[number % len(palette)] for number, label in enumerate(family)}
    return colours
