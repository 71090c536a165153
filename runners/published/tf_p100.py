"""Published table `tf_p100`: images per second of 2, 4 and 8 P100 in one DGX-1, from those of one.

TensorFlow's benchmarks of May 2017, synthetic data. The GPUs sum gradients in a ring while the
backward pass goes on; a reduction takes along what is ready when the one before has ended.

What was chosen, for all models and numbers of GPUs alike, and why:

* The ring gets 2.9 GB/s of the buses. AlexNet and VGG-16 fix it: at 8 GPUs each shows 58 ms of
  communication on top of its step, after hiding a backward pass of 114 and 277 ms. This is far from
  the lines' rate: it stands for what TensorFlow of that time got done beside the computing.
* A message costs 250 µs, so that a reduction among 8 GPUs costs at least 3.5 ms. It stands for what
  launching and synchronising takes, and lets one rate fit AlexNet and VGG-16 with room to spare:
  of the rates tried, 2.85 to 2.95 GB/s hold all figures (not 2.8 and 3.0); with 20 µs it is 2.72
  alone (not 2.70 and 2.74).
* Steps differ by 1 % (lognormal), from Inception-v3, ResNet-50 and ResNet-152, whose communication
  is hidden and which lose 0.4 to 2.6 % at 8 GPUs.

These three were fitted to this table. The published tolerance is for 8 GPUs; here the other rows
are held to it as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runners.published import Figure, Tolerance
from runners.published.image_training import (
    BYTES_PER_PARAMETER,
    Training,
    one_gpu,
    rates,
    throughput,
)
from runners.published.models import model
from runners.published.rows import read_rows
from runners.published.simulation import Access
from sim.bounds import at_least, not_negative, positive
from sim.protocol.fusion import Fusion
from sim.topology.star import Star

TOLERANCE = Tolerance(kind="relative", limit=0.05)


@dataclass(frozen=True, kw_only=True)
class TfP100:
    """Hold the machine; `batch_sizes` are those of models that have another than `batch_size`."""

    file: str
    batch_size: int
    batch_sizes: Mapping[str, int]
    bytes_per_s: float
    message_sim_s: float
    step_sigma: float
    fusion: Fusion
    num_steps: int
    seed: int

    def __post_init__(self) -> None:
        at_least("batch_size", self.batch_size, 1, remedy="64 is the published one")
        positive("bytes_per_s", self.bytes_per_s, remedy="2.9e9 is 2.9 GB/s")
        not_negative("message_sim_s", self.message_sim_s, remedy="2.5e-4 is 250 µs")
        not_negative("step_sigma", self.step_sigma, remedy="0.01 is steps that differ by 1 %")
        at_least("num_steps", self.num_steps, 1, remedy="40 steps give a steady mean")

    def figures(self) -> Iterator[Figure]:
        """Yield the throughput of each model on more than one GPU; one GPU's is an input."""
        rows = read_rows(self.file, required=("gpus",))
        alone = rates(one_gpu(rows, self.file))
        for row in rows:
            num_gpus = row.whole("gpus")
            if num_gpus == 1:
                continue
            for name, published in rates(row).items():
                yield Figure(
                    row=f"{num_gpus} GPUs",
                    quantity=name,
                    unit="images/s",
                    published=published,
                    simulated=throughput(self._training(name, num_gpus, alone[name])),
                    tolerance=TOLERANCE,
                )

    def _training(self, name: str, num_gpus: int, samples_per_s: float) -> Training:
        network = model(name)
        return Training(
            model=network,
            gradient_bytes=network.num_parameters * BYTES_PER_PARAMETER,
            num_gpus=num_gpus,
            batch_size=self.batch_sizes.get(name, self.batch_size),
            num_steps=self.num_steps,
            samples_per_s=samples_per_s,
            step_sigma=self.step_sigma,
            access=Access(bytes_per_s=self.bytes_per_s, latency_sim_s=self.message_sim_s / 2),
            topology=Star(backbone_bytes_per_s=None),
            fusion=self.fusion,
            seed=self.seed,
        )
