"""The peer: a case's rounds through pfl 0.6.0, as its users write them.

FederatedAveraging on a SimulatedBackend. Users come in turn, without weighting, postprocessors or
callbacks. Each one's dataset is made of tensors once, and its batches are cut before the clock
runs. Of torch's SGDs it is `fused` (plain and `foreach` ones differ by less than repeats do). pfl
can compile a module's `forward`, but it calls `loss`, which stays as it is: so it is not asked to.
"""

import asyncio
import copy
import functools
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from pfl.aggregate.simulate import SimulatedBackend
from pfl.algorithm.base import NNAlgorithmParams
from pfl.algorithm.federated_averaging import FederatedAveraging
from pfl.data.dataset import Dataset
from pfl.data.federated_dataset import FederatedDataset
from pfl.data.sampling import MinimizeReuseUserSampler
from pfl.hyperparam.base import NNEvalHyperParams, NNTrainHyperParams
from pfl.metrics import Weighted
from pfl.model.pytorch import PyTorchModel
from torch import nn

from tests.benchmarks.cohort_case import BATCH, PARTNERS_PER_CHOSEN, RATE, SAMPLES_EACH, Case

NEVER = 2**31
LOCAL_SGD = functools.partial(torch.optim.SGD, fused=True)


class PflModule(nn.Module):
    """Give a module the methods that pfl asks for."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(self.module(inputs), targets)

    def metrics(self, inputs: torch.Tensor, targets: torch.Tensor) -> dict[str, Weighted]:
        """Only asked for in the first round, which pfl always evaluates and nobody times."""
        return {"samples": Weighted(len(inputs), len(inputs))}


class PflRounds:
    """Do a case's rounds, `cohort` of ten times as many partners each, from `module` on."""

    def __init__(self, case: Case, module: nn.Module, cohort: int) -> None:
        self._module = PflModule(copy.deepcopy(module))
        parameters = self._module.parameters()
        self._model = PyTorchModel(
            model=self._module,
            local_optimizer_create=LOCAL_SGD,
            central_optimizer=torch.optim.SGD(parameters, lr=1.0),
        )
        datasets = list(_datasets(case, PARTNERS_PER_CHOSEN * cohort))
        users = FederatedDataset(
            datasets.__getitem__, MinimizeReuseUserSampler(range(len(datasets)))
        )
        self._backend = SimulatedBackend(training_data=users, val_data=users)
        self._algorithm = FederatedAveraging()
        self._cohort = cohort
        self._num_rounds = 0

    def run(self, num_rounds: int) -> None:
        """Do the next rounds; the first evaluates, before and after each partner's training."""
        self._num_rounds += num_rounds
        with _event_loop():
            self._algorithm.run(
                NNAlgorithmParams(
                    central_num_iterations=self._num_rounds,
                    evaluation_frequency=NEVER,
                    train_cohort_size=self._cohort,
                    val_cohort_size=None,
                ),
                self._backend,
                self._model,
                NNTrainHyperParams(
                    local_num_epochs=1, local_learning_rate=RATE, local_batch_size=BATCH
                ),
                NNEvalHyperParams(local_batch_size=None),
                send_metrics_to_platform=False,
            )

    def weights(self) -> torch.Tensor:
        """Return the weights as one vector, in the order of `module.parameters()`."""
        return nn.utils.parameters_to_vector(self._module.parameters()).detach()


def _datasets(case: Case, num_partners: int) -> Iterator[Dataset]:
    """Yield each partner's dataset, its batches cut."""
    samples = case.samples(num_partners)
    inputs, targets = torch.from_numpy(samples.train), torch.from_numpy(samples.train_targets)
    for partner in range(num_partners):
        own = slice(partner * SAMPLES_EACH, (partner + 1) * SAMPLES_EACH)
        dataset = Dataset((inputs[own], targets[own]))
        for _ in dataset.iter(BATCH):
            pass
        yield dataset


@contextmanager
def _event_loop() -> Iterator[None]:
    """Give pfl the event loop of the thread, which it takes for granted."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
