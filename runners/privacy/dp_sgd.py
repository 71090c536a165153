"""Privacy `dp_sgd`: partners' training steps hide single examples, by clipped gradients and noise
(Abadi et al. 2016), wherever partners' data are trained on: in local steps, and in the step that
all take together (allreduce, parameter server, pipeline), whose noise is added once to the sum.

Guarantee: (ε, δ)-differential privacy of each training example, towards everyone who sees models or
updates, for the steps that were really taken (`runners.example_ledger`). A partner whose n examples
are alike counts n times. What is trained later with these updates, and how they are merged, costs
nothing more. Training losses in feedback and records are exact and not covered, nor are data that
themselves move (modes pool and data_proxy hide examples from those who get the model only).

Trust: in local steps nobody but the partner itself. In a step that all take together whoever adds
up and draws the noise sees the sum without noise. Noise is drawn from the run's seed, so that runs
can be repeated: who knows the seed can take it off. Some is drawn for several steps at once, from
the distribution that it has step by step (`runners.learner.engine.bridged_noise`). Numbers are
floats, in which noise leaves traces that are not accounted for (Mironov 2012).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from runners.example_ledger import ExampleLedger, Spent, composed_epsilon
from runners.example_limits import Bounds, ExampleLimits
from runners.example_rule import SAMPLINGS, ExampleRule
from runners.privacy import Guarantee, Mechanism, Sampling
from sim.bounds import not_negative, one_of, positive

GRID_ERROR = 1e-3
"""More than what `runners.accountant` adds to an ε by computing on a grid."""


@dataclass(frozen=True, kw_only=True)
class DpSgd(Mechanism):
    """Clip each example's gradient to `clipping_norm` C, and add normal noise of deviation
    `noise_multiplier` × C to each step's sum. A run ends before the round that would bring an
    example's ε at `delta` above `max_epsilon`; None lets it grow. A step takes `step_factor` times
    as long.
    """

    clipping_norm: float
    noise_multiplier: float
    sampling: str
    delta: float
    max_epsilon: float | None
    step_factor: float = field()
    is_about_updates = False

    def __post_init__(self) -> None:
        not_negative("noise_multiplier", self.noise_multiplier, remedy="try 1.0")
        if not (math.isinf(self.clipping_norm) and not self.noise_multiplier):
            positive("clipping_norm", self.clipping_norm, remedy="try 1.0")
        one_of("sampling", self.sampling, SAMPLINGS)
        if not 0 < self.delta < 1:
            raise ValueError(
                f"delta must be above 0 and below 1, got {self.delta}; try 1e-5, or one over ten "
                "times the number of examples"
            )
        if self.max_epsilon is not None:
            positive("max_epsilon", self.max_epsilon, remedy="null does not limit it")
        positive("step_factor", self.step_factor, remedy="2.0 is about right on one core")

    @property
    def example_rule(self) -> ExampleRule:
        """What every training step follows."""
        return ExampleRule(
            clipping_norm=self.clipping_norm,
            noise_multiplier=self.noise_multiplier,
            sampling=self.sampling,
        )

    def check(self, before: Sequence[Mechanism], after: Sequence[Mechanism]) -> None:
        """Raise ValueError where another mechanism is named first."""
        if any(one.is_about_updates or isinstance(one, DpSgd) for one in before):
            raise ValueError(
                "privacy must name dp_sgd first and once, since it acts in the steps that updates "
                "are made of, got it behind others; try privacy=[dp_sgd,…]"
            )

    def guarantee(self, sampling: Sampling, num_merges: int) -> Guarantee:
        """Return what holds; its ε depends on steps and not on merges (`guarantee_of`)."""
        return self._guarantee(None)

    def guarantee_of(self, ledger: ExampleLedger) -> Guarantee:
        """Return what holds for the example that is worst off, after the steps on the ledger."""
        epsilon = ledger.epsilon(self.delta)
        return self._guarantee(epsilon if math.isfinite(epsilon) else None)

    def step_limits(self, num_held: Sequence[int], batch_size: int) -> ExampleLimits | None:
        """Return the limits of `max_steps` for examples that partners hold."""
        if self.max_epsilon is None:
            return None
        bounds = Bounds(sure=self.sure_steps, most=self.max_steps)
        return ExampleLimits(bounds, num_held, batch_size)

    def max_steps(self, num_held: int, batch_size: int, relative_noise: float = 1.0) -> float:
        """Return how many steps may draw from these examples, as one, before one's ε is above the
        limit; `relative_noise` is that of `ExampleLedger.note`.
        """
        from runners.accountant import max_merges

        rule = self._rule_behind(relative_noise)

        def spent(num_steps: int) -> float:
            one = Spent.of(rule, num_held, batch_size, num_steps)
            return composed_epsilon([one], self.delta)

        sure = self.sure_steps(num_held, batch_size, relative_noise)
        return max_merges(spent, self.max_epsilon, sure)

    def sure_steps(self, num_held: int, batch_size: int, relative_noise: float = 1.0) -> float:
        """Return a number of steps that `max_steps` is not below: by Rényi DP where there is one.

        A millionth of a second a step, where the distribution of losses takes seconds; its grid
        adds less than is taken off the limit here.
        """
        from runners.accountant import epsilon_by_rdp, max_merges

        rule = self._rule_behind(relative_noise)
        sampling = Spent.of(rule, num_held, batch_size, 1).sampling
        if self.max_epsilon is None or not rule.noise_multiplier or sampling.rate == 1:
            return 0

        def spent(num_steps: int) -> float:
            return epsilon_by_rdp(rule.noise_multiplier, sampling, num_steps, self.delta)

        return max_merges(spent, self.max_epsilon - GRID_ERROR)

    def _rule_behind(self, relative_noise: float) -> ExampleRule:
        noise_multiplier = relative_noise * self.noise_multiplier
        return replace(self.example_rule, noise_multiplier=noise_multiplier)

    def _guarantee(self, epsilon: float | None) -> Guarantee:
        return Guarantee(
            mechanism="dp_sgd",
            unit="example",
            hidden_from="everyone who sees models or updates",
            assumptions=(
                f"seeded noise, nobody knows the seed; {self.sampling} batches that nobody sees; "
                "one trusted place for the noise of a step that all take together; training "
                "losses stay unseen"
            ),
            epsilon=epsilon,
            delta=None if epsilon is None else self.delta,
        )
