"""Owns distillation: a student learns, without labels, what trained models predict on average
(FedDF, Lin et al. 2020; Hinton et al. 2015 at temperature 1).

Teachers are spread over the ranks; the mean of what they predict is summed over them, so that the
same student comes out on all.
"""

from collections.abc import Sequence

import torch

from runners.learner.horovod import Ranks
from runners.learner.local_training import LocalTraining
from runners.loss import probabilities
from runners.optimizer import State
from sim.learner import Distillation, Part

Teacher = tuple[Part | None, torch.Tensor, float]
"""A part, its trained weights, and its weight in the mean."""


def distil(
    ranks: Ranks,
    training: LocalTraining,
    student: torch.Tensor,
    teachers: Sequence[Teacher],
    distillation: Distillation,
) -> torch.Tensor:
    """Return the student after its steps, at the optimizer's full rate whatever the schedule.

    `teachers` are those on this rank, and the weights of all ranks' teachers sum to 1.
    """
    task, model = training.task, training.model
    if task.loss == "squared_error":
        raise ValueError(
            "mode.fusion=distillation needs a task that predicts classes, got "
            f"task.loss={task.loss}; try mode.fusion=average"
        )
    inputs, seed = training.inputs(distillation.data_of, distillation.num_steps)
    soft = _mean_prediction(ranks, training, teachers, inputs)
    weights, state = student.clone(), State()
    model.at(weights)
    torch.manual_seed(seed)
    for some, wanted in zip(
        inputs.split(task.batch_size), soft.split(task.batch_size), strict=True
    ):
        model.gradient.zero_()
        predicted = probabilities(task.loss, model.module(some)).clamp(min=1e-12)
        (-(wanted * predicted.log()).sum(dim=-1).mean()).backward()
        task.optimizer.step(
            weights[None, : model.num_parameters],
            model.gradient[None],
            state,
            task.optimizer.learning_rate,
        )
    return weights


def _mean_prediction(
    ranks: Ranks, training: LocalTraining, teachers: Sequence[Teacher], inputs: torch.Tensor
) -> torch.Tensor:
    """Return the weighted mean of all ranks' teachers' probabilities."""
    loss = training.task.loss
    shape = probabilities(loss, training.outputs(None, training.model.initial, inputs[:1])).shape
    total = torch.zeros((len(inputs), *shape[1:]), device=inputs.device)
    for part, vector, weight in teachers:
        total.add_(probabilities(loss, training.outputs(part, vector, inputs)), alpha=weight)
    ranks.sum(total, f"predictions.{len(inputs)}")
    return total
