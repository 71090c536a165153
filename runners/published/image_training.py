"""Owns the training of a convolutional network by data parallelism, as two of the tables have it.

One allreduce sums each step's gradients while the backward pass goes on (`sim.protocol.fusion`).
What a table's machines are made of comes in, what a GPU gets done alone too; the throughput of all
comes out. A layer is one gradient tensor. Samples per virtual second.
"""

from dataclasses import dataclass

from runners.published.models import Model, model
from runners.published.rows import read_rows
from runners.published.simulation import Access, Case, Simulated, simulate, steps_of
from sim.csv_table import Row
from sim.hardware.measured import Measured
from sim.mode.partner.allreduce import Allreduce
from sim.protocol.fusion import Fusion
from sim.topology import Topology
from sim.variability.lognormal import Lognormal
from sim.workload import Workload

BYTES_PER_PARAMETER = 4


@dataclass(frozen=True, kw_only=True)
class Training:
    """Describe a training run of `num_gpus` equal GPUs.

    `samples_per_s` is what one gets done alone, `step_sigma` how much its steps differ.
    """

    model: Model
    gradient_bytes: int
    num_gpus: int
    batch_size: int
    num_steps: int
    samples_per_s: float
    step_sigma: float
    access: Access
    topology: Topology
    fusion: Fusion
    seed: int


def throughput(training: Training) -> float:
    """Return the samples that all GPUs together train on in a virtual second."""
    num_samples = training.num_gpus * training.num_steps * training.batch_size
    return num_samples / _simulate(training).total_sim_s


def single_rates(file: str) -> dict[str, float]:
    """Return the samples per second of one GPU by model, from a table like tf_p100.csv."""
    return rates(one_gpu(read_rows(file, required=("gpus",)), file))


def one_gpu(rows: list[Row], file: str) -> Row:
    """Return the row of one GPU."""
    for row in rows:
        if row.number("gpus") == 1:
            return row
    raise ValueError(f"{file} must have a row for gpus=1, which is an input, got none; add it")


def rates(row: Row) -> dict[str, float]:
    """Return the samples per second that a row gives, by model."""
    return {column: row.number(column) for column in row.cells if column != "gpus"}


def rate_of(name: str, known: dict[str, float]) -> float:
    """Return the samples per second of a model, between its relatives where it is not known.

    Models of a family differ in depth: time per sample is taken as a line in multiply-adds through
    the smallest and the largest that are known, such as ResNet-50 and ResNet-152.
    """
    if name in known:
        return known[name]
    family = name.rstrip("0123456789")
    relatives = sorted(
        (model(one).multiply_adds, 1 / rate)
        for one, rate in known.items()
        if one.rstrip("0123456789") == family
    )
    if len(relatives) < 2:
        raise ValueError(
            f"the rate of {name} on one GPU must be known, or that of two of its family, "
            f"got those of {', '.join(known)}; add it to the file of rates"
        )
    (least, fastest), (most, slowest) = relatives[0], relatives[-1]
    part = (model(name).multiply_adds - least) / (most - least)
    return 1 / (fastest + part * (slowest - fastest))


def _simulate(training: Training) -> Simulated:
    return simulate(
        Case(
            access=training.access,
            topology=training.topology,
            workload=_workload(training),
            update_bytes=training.gradient_bytes,
            hardware=Measured(samples_per_s=training.samples_per_s),
            variability=Lognormal(sigma=training.step_sigma),
            mode=Allreduce(algorithm="ring", fusion=training.fusion),
            seed=training.seed,
        )
    )


def _workload(training: Training) -> Workload:
    network = training.model
    return Workload(
        num_parameters=network.num_parameters,
        tensor_parameters=tuple(layer.num_parameters for layer in network.layers),
        bytes_per_parameter=BYTES_PER_PARAMETER,
        train_flops_per_sample=6.0 * network.multiply_adds,  # forward 2, backward twice that
        sample_bytes=1,  # no data move
        batch_size=training.batch_size,
        num_samples=steps_of(training.num_gpus, training.num_steps, training.batch_size),
        backward_fractions=network.time_fractions(),
    )
