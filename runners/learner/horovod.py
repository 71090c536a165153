"""Learner `horovod`: real training on Horovod ranks. The only module that imports horovod.

`Horovod` is the option, and cheap to import. `rendezvous` is where a parent process gives ranks
their place; `Ranks` is what a rank sees of the others: sums, gathers and messages, joined by all
ranks in the same order.

Updates are summed where the model lives: by NCCL when every rank has a GPU of its own, by Gloo on
CPUs, and by Gloo after a copy to the host when ranks share a GPU (NCCL refuses two ranks on one
device).
"""

import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runners.transport import ROLES
from sim.bounds import at_least, one_of, positive

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda")
LAUNCHERS = ("own", "external")

LONGEST_NAP_WALL_S = 1e-3
NAP_PER_WAIT = 0.1
"""A waiting rank looks whether a sum is done after naps: each this part of what it has waited."""


@dataclass(frozen=True, kw_only=True)
class Horovod:
    """Choose how many ranks train, on which device, and who starts them.

    `cycle_time_ms` is how long Horovod sleeps in the background between two looks for sums to do: a
    sum waits for the next one, and each takes time from training.

    `launcher=external` writes the run folder and stops; `horovodrun -np 4 python -m runners.worker
    <run folder>` then runs it on as many ranks as the launcher starts.

    `sealed` encrypts and signs all that ranks send each other, and lets partners into merges by
    their `roles` (`runners.transport`): those of the partners that are no trainers, by name.
    """

    num_ranks: int
    device: str
    cycle_time_ms: float
    launcher: str
    sealed: bool
    roles: dict[str, tuple[str, ...]] | None

    def __post_init__(self) -> None:
        at_least("num_ranks", self.num_ranks, 1, remedy="try learner.num_ranks=2")
        one_of("device", self.device, DEVICES)
        positive("cycle_time_ms", self.cycle_time_ms, remedy="Horovod's own is 1")
        one_of("launcher", self.launcher, LAUNCHERS)
        if self.sealed and self.launcher == "external":
            raise ValueError(
                "sealed must be false with launcher=external, got true: ranks that someone else "
                "starts get no keys from this process; try learner.launcher=own"
            )
        if self.roles is not None and not self.sealed:
            raise ValueError(
                f"roles must be null with sealed=false, which asks nobody for a right, got "
                f"{self.roles}; try learner.sealed=true"
            )
        for roles in (self.roles or {}).values():
            for role in roles or [""]:
                one_of("roles", role, ROLES)

    def check_roles(self, partners: Sequence[str]) -> None:
        """Raise ValueError where someone has roles who is no partner."""
        unknown = sorted(set(self.roles or ()) - set(partners))
        if unknown:
            raise ValueError(
                f"learner.roles must name partners, got {', '.join(unknown)}; partners are "
                f"{', '.join(partners[:10])}"
            )


def check_num_ranks(num_ranks: int, num_partners: int) -> None:
    """Raise ValueError when there are more ranks than partners: a rank without a partner would have
    no work.
    """
    if num_ranks > num_partners:
        raise ValueError(
            f"learner.num_ranks must be between 1 and the {num_partners} partners, "
            f"got {num_ranks}; try learner.num_ranks={num_partners}"
        )


def rendezvous(num_ranks: int) -> tuple[list[dict[str, str]], Callable[[], None]]:
    """Open a meeting point on this host; return each rank's environment and the call that closes
    it.
    """
    from horovod.runner.common.util.hosts import get_host_assignments, parse_hosts
    from horovod.runner.gloo_run import create_run_env_vars, create_slot_env_vars
    from horovod.runner.http.http_server import RendezvousServer

    slots = get_host_assignments(parse_hosts(f"localhost:{num_ranks}"), num_ranks)
    server = RendezvousServer()
    port = server.start()
    server.init(slots)
    loopback = "lo" if sys.platform.startswith("linux") else "lo0"
    shared = {
        **create_run_env_vars("127.0.0.1", [loopback], port),
        "OMP_NUM_THREADS": "1",  # ranks share the cores; more threads are several times slower
        "HOROVOD_GLOO_TIMEOUT_SECONDS": "30",
    }
    environments = [
        {key: str(value) for key, value in (shared | create_slot_env_vars(slot)).items()}
        for slot in slots
    ]

    def close() -> None:
        server.stop()
        server._httpd.server_close()  # stop() ends the loop but leaves the socket open

    return environments, close


class Ranks:
    """Join the other ranks; all of them must make the same calls in the same order."""

    def __init__(self, device: str, cycle_time_ms: float) -> None:
        """Meet the other ranks, at the place that the environment names, and take a device."""
        import horovod.torch as hvd
        import torch

        os.environ["HOROVOD_CYCLE_TIME"] = str(cycle_time_ms)
        hvd.init()
        self._hvd = hvd
        self.rank: int = hvd.rank()
        self.size: int = hvd.size()
        num_gpus = 0 if device == "cpu" else torch.cuda.device_count()
        if device == "cuda" and num_gpus == 0:
            raise ValueError(
                "learner.device=cuda needs a GPU that torch can see, found none; "
                "try learner.device=auto"
            )
        self.device = (
            torch.device("cuda", hvd.local_rank() % num_gpus) if num_gpus else torch.device("cpu")
        )
        if num_gpus:
            torch.cuda.set_device(self.device)
        self._sums_on_device = not num_gpus or (hvd.nccl_built() and hvd.local_size() <= num_gpus)
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))

    def start_sum(self, tensor: "torch.Tensor", name: str) -> Callable[[], None]:
        """Begin to sum `tensor` over the ranks, in place; the returned call waits for the end.

        `name` must be the same on all ranks, and not be under way already; a constant name and
        shape is fastest.
        """
        wire = tensor if self._sums_on_device else tensor.cpu()
        handle = self._hvd.allreduce_async_(wire, name=name, op=self._hvd.Sum)

        def wait() -> None:
            self._result(handle)
            if wire is not tensor:
                tensor.copy_(wire)

        return wait

    def sum(self, tensor: "torch.Tensor", name: str) -> None:
        """Sum `tensor` over the ranks, in place."""
        self.start_sum(tensor, name)()

    def exchange(
        self, outgoing: "Sequence[torch.Tensor]", shapes: Sequence[tuple[int, ...]]
    ) -> "list[torch.Tensor]":
        """Send `outgoing[r]`, float32 of any shape, to rank r; return what comes from each rank, of
        these shapes.
        """
        import torch

        flat = torch.cat([tensor.reshape(-1) for tensor in outgoing])
        wire = flat if self._sums_on_device else flat.cpu()
        splits = torch.tensor([tensor.numel() for tensor in outgoing], dtype=torch.int32)
        received, _ = self._result(self._hvd.alltoall_async(wire, splits, "exchange"))
        pieces = received.to(self.device).split([math.prod(shape) for shape in shapes])
        return [piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True)]

    def exchange_bytes(self, outgoing: Sequence[bytes | bytearray], name: str) -> list[bytes]:
        """Send `outgoing[r]`, maybe empty, to rank r and to no other; return what comes from each
        rank. Raises ValueError where it is 2 GiB or more together.
        """
        import numpy as np
        import torch

        lengths = [len(message) for message in outgoing]
        if sum(lengths) >= 2**31:  # Horovod counts in 32 bits
            raise ValueError(f"messages must be below 2 GiB together, got {sum(lengths)} bytes")
        wire = torch.from_numpy(np.frombuffer(bytearray().join(outgoing), dtype=np.uint8))
        splits = torch.tensor(lengths, dtype=torch.int32)
        received, sizes = self._result(self._hvd.alltoall_async(wire, splits, name))
        return [piece.numpy().tobytes() for piece in received.split(sizes.tolist())]

    def gather(self, value: Any, name: str) -> list[Any]:
        """Return every rank's `value`, in the order of the ranks."""
        return self._hvd.allgather_object(value, name=name)

    def _result(self, handle: int) -> Any:
        """Wait for a sum or an exchange, and return what came of it.

        Horovod's own wait keeps the core busy, which others can use: a rank that is slower, and
        the threads that do the sum.
        """
        start = time.perf_counter()
        while not self._hvd.poll(handle):
            waited_wall_s = time.perf_counter() - start
            time.sleep(min(LONGEST_NAP_WALL_S, NAP_PER_WAIT * waited_wall_s))
        return self._hvd.synchronize(handle)

    def leave(self) -> None:
        """Say goodbye to the other ranks."""
        self._hvd.shutdown()
