"""Owns which pictures a page shows: those that the sweep has the figures for."""

from runners.report.accuracy_figures import accuracy_over_bytes, accuracy_over_time
from runners.report.audit_figures import audit_pictures
from runners.report.chart import Picture, styled
from runners.report.compare import Comparison
from runners.report.forecast_figures import forecasts, has_forecasts
from runners.report.load import Sweep
from runners.report.mode_figures import (
    partner_accuracy,
    throughput,
    time_to_target,
    where_time_goes,
)
from runners.report.palette import looks_of
from runners.report.timeline import timelines


def build_pictures(sweep: Sweep, comparison: Comparison) -> list[Picture]:
    """Return the pictures that the sweep has the figures for; none when no run finished."""
    shown = [summary for summary in comparison.summaries if summary.num_finished]
    if not shown:
        return []
    looks = looks_of([summary.label for summary in comparison.summaries])
    pictures: list[Picture] = []
    if sweep.has_accuracy:
        pictures += [accuracy_over_time(sweep, looks), accuracy_over_bytes(sweep, looks)]
    if sweep.targets:
        pictures.append(time_to_target(sweep, shown, looks))
    pictures += [throughput(sweep, shown, looks), where_time_goes(sweep, shown)]
    if sweep.partners["accuracy"].notna().any():
        pictures.append(partner_accuracy(sweep, shown, looks))
    if has_forecasts(sweep):
        pictures.append(forecasts(sweep, looks))
    pictures += audit_pictures(sweep, looks)
    return pictures + [
        Picture(
            name=f"timeline-{number}",
            title=f"First rounds of {timeline.label}",
            caption=timeline.caption,
            figure=styled(timeline.figure, timeline.figure.layout.height),
        )
        for number, timeline in enumerate(timelines(sweep))
    ]
