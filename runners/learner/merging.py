"""Owns how a cohort's updates become one: trained where their partners are hosted, summed over the
ranks.

Updates are summed in float64, so that the result hardly depends on how partners are spread over
ranks. Sums come straight from the engines where nobody looks at a single update; a privacy
mechanism, a wire precision, SCAFFOLD, robust rules of aggregation and attacks see every update as a
row.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

import torch

from runners.aggregation import Aggregation
from runners.attack import Attack
from runners.learner.cohort import Job, Summary
from runners.learner.controls import Controls, check_controls
from runners.learner.distilling import Teacher
from runners.learner.horovod import Ranks
from runners.learner.local_training import LocalTraining
from runners.learner.malicious import Malicious, Piece
from runners.learner.merge_sums import MergeSums
from runners.learner.overlap import mean_of_holders
from runners.learner.version import Version, version_of
from runners.learner.wire_precision import rounded
from runners.privacy import Merge, SumInProgress
from runners.privacy.chain import Chain
from runners.secure_sum import SumNotRevealed
from runners.stopwatch import Stopwatch
from sim.learner import Part, Work


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort:
    """Hold what is merged: all works, their weights, the steps' learning rates, and the precision
    of what is sent.

    `control` is the line's control variate, None where the rule uses none. `teachers` gets the
    hosted partners' trained weights, None where nobody needs them. `dropped` partners were to take
    part.
    """

    works: Sequence[Work]
    weights: Sequence[float]
    rates: Sequence[float]
    wire_bytes_per_parameter: float | None
    control: torch.Tensor | None
    teachers: list[Teacher] | None
    dropped: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Update:
    """Hold the merged update, float64 of shape (size,), the change of the line's control variate,
    and of each partner the loss moments, (num_partners, 2), and the update's norm, (num_partners,).
    """

    vector: torch.Tensor
    control_change: torch.Tensor | None
    losses: torch.Tensor
    norms: torch.Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sent:
    """Hold updates as they leave their partners: rows, with the works' numbers among those that
    were asked for, their partners, their figures for privacy's mechanisms, and loss moments.
    """

    numbers: Sequence[int]
    partners: Sequence[int]
    updates: torch.Tensor
    figures: torch.Tensor
    losses: torch.Tensor


class Merging:
    """Train cohorts and merge their updates, with all other ranks.

    `num_merges` are those so far, `memories` what privacy's mechanisms remember of them;
    `malicious` is what partners do whom an attack makes so.
    """

    def __init__(
        self,
        *,
        ranks: Ranks,
        training: LocalTraining,
        privacy: Chain,
        aggregation: Aggregation,
        attack: Attack,
        stopwatch: Stopwatch,
        seed: int,
        secret: int,
    ) -> None:
        self.controls = Controls(training.num_partners)
        self.num_merges = 0
        self.memories = privacy.new_memory()
        self.malicious = Malicious(attack, ranks, stopwatch, training.model.size)
        self._ranks = ranks
        self._training = training
        self._privacy = privacy
        self._aggregation = aggregation
        self._stopwatch = stopwatch
        self._seed = seed
        self._secret = secret

    def begin(self, cohort: Cohort) -> Callable[[], Update]:
        """Train, and begin the sum; the returned call waits for it, and gives what the cohort's
        works change, the same on all ranks. A sum that must not be opened, since too few are left,
        changes nothing.
        """
        merge = self._merge_of(cohort)
        self.num_merges += 1
        try:
            self._privacy.check_merge(merge, self.memories)
            secure = self._secure_sum(merge)
        except SumNotRevealed:
            return self._no_update
        cohort = replace(cohort, weights=self._privacy.weights(cohort.weights))
        has_control = cohort.control is not None
        sums = MergeSums(self._training, self._privacy, secure, has_control=has_control)
        rows = None
        self._training.note_steps(cohort.works)
        with self._stopwatch.phase("train"):
            if self._aggregation.needs_rows:
                rows = self._rows(cohort, merge, sums)
            else:
                for part in dict.fromkeys(work.part for work in cohort.works):
                    self._add(cohort, part, merge, sums)
            waits = [sums.start(self._ranks)]
            if rows is not None:
                waits.append(self._ranks.start_sum(rows, "rows"))

        def update() -> Update:
            with self._stopwatch.phase("communicate"):
                for wait in waits:
                    wait()
            with self._stopwatch.phase("train"):
                vector = self._merged(cohort, sums.update, rows)
                vector = self._privacy.reveal(vector, sums.figures, merge, self.memories)
            return Update(
                vector=vector, control_change=sums.control, losses=sums.losses, norms=sums.norms
            )

        return update

    def _no_update(self) -> Update:
        training = self._training
        nothing = torch.zeros(training.model.size, dtype=torch.float64, device=training.data.device)
        unknown = torch.full((training.num_partners, 3), math.nan)
        losses, norms = unknown[:, :2], unknown[:, 2]
        return Update(vector=nothing, control_change=None, losses=losses, norms=norms)

    def _merge_of(self, cohort: Cohort) -> Merge:
        return Merge(
            number=self.num_merges,
            partners=tuple(work.partner for work in cohort.works),
            dropped=cohort.dropped,
            num_partners=self._training.num_partners,
            seed=self._seed,
            secret=self._secret,
            compression=_level(cohort.works),
        )

    def _secure_sum(self, merge: Merge) -> SumInProgress | None:
        mechanism = self._privacy.secure_sum
        if mechanism is None:
            return None
        memory = self.memories[self._privacy.mechanisms.index(mechanism)]
        told = replace(merge, memory=memory)
        size = self._privacy.num_sent(self._training.model.size) + self._privacy.num_figures
        return mechanism.begin_sum(size, told, self._ranks)

    def _merged(
        self, cohort: Cohort, total: torch.Tensor, rows: torch.Tensor | None
    ) -> torch.Tensor:
        """Return the merged update from what has been summed."""
        if rows is not None and self._aggregation.needs_rows:
            weights = torch.tensor(cohort.weights, device=rows.device)
            return self._aggregation.merge(rows, weights).double()
        if any(work.part is not None for work in cohort.works):
            indices = [self._training.parts.indices(work.part) for work in cohort.works]
            return mean_of_holders(total, list(zip(indices, cohort.weights, strict=True)))
        return total

    def _add(
        self,
        cohort: Cohort,
        part: Part | None,
        merge: Merge,
        sums: MergeSums,
    ) -> None:
        """Add the updates of the hosted works on one part."""
        numbers = self._hosted(cohort, part)
        indices = self._training.parts.indices(part)
        total = sums.update
        if indices is not None:
            total = torch.zeros(len(indices), dtype=torch.float64, device=total.device)
        if self._needs_rows(cohort):
            summary = self._add_rows(cohort, part, numbers, merge, total, sums)
        else:
            summary = self._add_sums(cohort, part, numbers, merge, total, sums)
        if indices is not None:
            sums.update[indices] += total
        sums.note([cohort.works[number].partner for number in numbers], summary)

    def _add_sums(
        self,
        cohort: Cohort,
        part: Part | None,
        numbers: Sequence[int],
        merge: Merge,
        total: torch.Tensor,
        sums: MergeSums,
    ) -> Summary:
        """Let the engines add up, scaled by the norms that they find."""
        jobs = self._jobs(cohort, numbers)
        given = torch.tensor([cohort.weights[number] for number in numbers], device=total.device)

        def factors(some: Sequence[int], norms: torch.Tensor) -> torch.Tensor:
            scales = self._privacy.scales(norms, merge, self.memories)
            sums.figures += self._privacy.figures(norms, merge, self.memories).sum(dim=0)
            return scales * self._factors(given[list(some)], norms * scales)

        return self._training.add_updates(part, jobs, cohort.rates, factors, total)

    def _add_rows(
        self,
        cohort: Cohort,
        part: Part | None,
        numbers: Sequence[int],
        merge: Merge,
        total: torch.Tensor,
        sums: MergeSums,
    ) -> Summary:
        """Add up update by update, as they leave their partners."""
        given = torch.tensor([cohort.weights[number] for number in numbers], device=total.device)
        losses, norms = given.new_zeros(len(given), 2), torch.zeros_like(given)
        for sent in self._updates(cohort, part, numbers, merge, sums):
            some = sent.numbers
            losses[some] = sent.losses
            norms[some] = torch.linalg.vector_norm(sent.updates, dim=1)
            factors = self._factors(given[some], norms[some])
            sums.add(sent.updates, factors, sent.figures, sent.partners, total)
        return Summary(losses=losses, norms=norms)

    def _factors(self, weights: torch.Tensor, norms: torch.Tensor) -> torch.Tensor:
        assert not self._aggregation.needs_rows, "such a rule is not given sums"
        return self._aggregation.factors(weights, norms)

    def _rows(self, cohort: Cohort, merge: Merge, sums: MergeSums) -> torch.Tensor:
        """Return the updates of the hosted works, and zeros for the others: a row for each work."""
        if any(work.part is not None for work in cohort.works):
            raise ValueError(
                "aggregation must be mean or norm_bound where partners train parts of a model, got "
                f"{self._aggregation}; try aggregation=mean"
            )
        numbers = self._hosted(cohort, None)
        shape = (len(cohort.works), self._privacy.num_sent(self._training.model.size))
        rows = torch.zeros(shape, device=self._ranks.device)
        for sent in self._updates(cohort, None, numbers, merge, sums):
            rows[[numbers[number] for number in sent.numbers]] = sent.updates
            sums.figures += sent.figures.sum(dim=0)
            norms = torch.linalg.vector_norm(sent.updates, dim=1)
            sums.note(sent.partners, Summary(losses=sent.losses, norms=norms))
        return rows

    def _updates(
        self,
        cohort: Cohort,
        part: Part | None,
        numbers: Sequence[int],
        merge: Merge,
        sums: MergeSums,
    ) -> Iterator[_Sent]:
        """Yield the updates of hosted works as they leave their partners."""
        pieces = self._honest(cohort, part, numbers, sums)
        for some, updates, losses in self.malicious.sent(pieces, numbers, merge):
            partners = [cohort.works[numbers[number]].partner for number in some]
            updates, figures = self._privacy.protect(updates, partners, merge, self.memories)
            if cohort.wire_bytes_per_parameter is not None:
                updates = rounded(updates, cohort.wire_bytes_per_parameter)
            yield _Sent(
                numbers=some, partners=partners, updates=updates, figures=figures, losses=losses
            )

    def _honest(
        self, cohort: Cohort, part: Part | None, numbers: Sequence[int], sums: MergeSums
    ) -> Iterator[Piece]:
        """Yield numbers of hosted works, counted among `numbers`, their updates as trained, and
        their loss moments.
        """
        jobs = self._jobs(cohort, numbers)
        for piece in self._training.train(part, jobs, cohort.rates) if jobs else ():
            starts = torch.stack([jobs[number].start for number in piece.numbers])
            updates = piece.ends - starts
            if cohort.teachers is not None:
                weights = [cohort.weights[numbers[number]] for number in piece.numbers]
                cohort.teachers.extend(zip(repeat(part), piece.ends.clone(), weights))
            if cohort.control is not None:
                for number, update in zip(piece.numbers, updates, strict=True):
                    self._note_control(cohort, numbers[number], update, sums)
            yield piece.numbers, updates, piece.losses

    def _note_control(
        self, cohort: Cohort, number: int, update: torch.Tensor, sums: MergeSums
    ) -> None:
        work, control = cohort.works[number], cohort.control
        assert control is not None and sums.control is not None
        moved = update[: len(control)]
        rates = cohort.rates[: work.num_steps]
        sums.control += self.controls.change(work.partner, control, moved, rates)

    def _jobs(self, cohort: Cohort, numbers: Sequence[int]) -> list[Job]:
        """Return works as jobs. Those that begin at one version share the memory of their start, by
        which engines know that they do.
        """
        starts: dict[tuple[Version, Part | None], torch.Tensor] = {}
        jobs = []
        for number in numbers:
            work = cohort.works[number]
            version, part = version_of(work.start), work.part
            if (version, part) not in starts:
                indices = self._training.parts.indices(part)
                whole = version.weights()
                starts[version, part] = whole if indices is None else whole[indices]
            jobs.append(self._job(cohort, number, starts[version, part]))
        return jobs

    def _job(self, cohort: Cohort, number: int, start: torch.Tensor) -> Job:
        work = cohort.works[number]
        drift = None
        if cohort.control is not None:
            check_controls(self._training.task.optimizer)
            drift = self.controls.drift(work.partner, cohort.control)
        return self._training.job(
            work,
            start,
            None,
            proximal_weight=work.rule.proximal_weight,
            drift=drift,
        )

    def _needs_rows(self, cohort: Cohort) -> bool:
        return (
            self._privacy.needs_rows
            or self.malicious.needs_rows
            or cohort.control is not None
            or cohort.teachers is not None
            or cohort.wire_bytes_per_parameter is not None
        )

    def _hosted(self, cohort: Cohort, part: Part | None) -> list[int]:
        """Return the numbers of the hosted works on one part."""
        size, rank = self._ranks.size, self._ranks.rank
        return [
            number
            for number, work in enumerate(cohort.works)
            if work.part == part and work.partner % size == rank
        ]


def _level(works: Sequence[Work]) -> int:
    """Return the level of compression of all works."""
    (level,) = {work.compression for work in works}
    return level
