"""All modes and their main variants, small enough to be run on one, two and four ranks."""

FEDERATED = ("mode=proxy/federated", "mode.local_steps=5")
SUBMODEL = ("mode=partner/submodel", "mode.local_steps=5")
INDEPENDENT = ("mode.kind=independent", "mode.fractions=null", "mode.assign=null")
SERVER = "mode=partner/parameter_server"
DILOCO = ("mode=partner/diloco", "mode.inner_steps=6")
ADAM = "optimizer@task.optimizer=adam"
FIVE = ("scenario=uniform", "scenario.num_partners=5", "partition=iid")
ALIKE = ("scenario=uniform", "partition=iid")  # equal shares: 359 or 360 of 1,437 samples


def server(optimizer: str, rate: float, *others: str) -> tuple[str, ...]:
    """Return federated averaging whose server steps with an optimizer."""
    settings = (f"mode.server.optimizer={optimizer}", f"mode.server.learning_rate={rate}")
    return (*FEDERATED, *settings, *others)


def robust(rule: str, *others: str) -> tuple[str, ...]:
    """Return federated averaging of five equal partners with a rule of aggregation."""
    return (*FEDERATED, *FIVE, f"aggregation={rule}", *others)


def attacked(attack: str, *others: str) -> tuple[str, ...]:
    """Return federated averaging of five partners, one of them malicious."""
    return (*FEDERATED, *FIVE, f"attack={attack}", *others)


SYSTEMS: dict[str, tuple[str, ...]] = {
    "solo": ("mode=solo",),
    "pool": ("mode=pool",),
    "data proxy": ("mode=proxy/data_proxy",),
    "allreduce": ("mode=partner/allreduce",),
    "allreduce, Adam": ("mode=partner/allreduce", ADAM),
    "allreduce, momentum": ("mode=partner/allreduce", "task.optimizer.momentum=0.9"),
    "allreduce, batch norm": ("mode=partner/allreduce", "task.model.batch_norm=true"),
    "allreduce, dropout": ("mode=partner/allreduce", "task.model.dropout=0.2"),
    "allreduce, schedule": (
        *("mode=partner/allreduce", "training.schedule=cosine"),
        "training.warmup_fraction=0.1",
    ),
    "server, synchronous": (SERVER,),
    "server, asynchronous": (SERVER, "mode.consistency=asynchronous"),
    "server, stale": (SERVER, "mode.consistency=stale", "mode.staleness_bound=0"),
    "local SGD": ("mode=partner/local_sgd", "mode.inner_steps=6"),
    "local SGD, one step": ("mode=partner/local_sgd", "mode.inner_steps=1"),
    "local SGD, Adam": ("mode=partner/local_sgd", "mode.inner_steps=6", ADAM),
    "DiLoCo": DILOCO,
    "DiLoCo, AdamW": (*DILOCO, "optimizer@task.optimizer=adamw"),
    "DiLoCo, plain": (*DILOCO, "mode.outer_learning_rate=1.0", "mode.outer_momentum=0.0"),
    "DiLoCo, fragments": (*DILOCO, "mode.num_fragments=3"),
    "DiLoCo, overlap": (*DILOCO, "mode.num_fragments=3", "mode.overlap_steps=2"),
    "DiLoCo, bfloat16": (*DILOCO, "mode.wire_bytes_per_parameter=2.0"),
    "DiLoCo, 4 bit": (*DILOCO, "mode.num_fragments=2", "mode.wire_bytes_per_parameter=0.5"),
    "gossip, ring": ("mode=partner/gossip", "mode.local_steps=5"),
    "gossip, matching": ("mode=partner/gossip", "mode.local_steps=5", "mode.graph=matching"),
    "gossip, complete": (
        *("mode=partner/gossip", "mode.local_steps=5", "mode.graph=complete"),
        *ALIKE,
    ),
    "gossip, Adam": ("mode=partner/gossip", "mode.local_steps=5", ADAM),
    "submodel, width": SUBMODEL,
    "submodel, whole": (*SUBMODEL, "mode.fractions=[1.0]"),
    "submodel, independent": (*SUBMODEL, *INDEPENDENT),
    "submodel, ensemble": (*SUBMODEL, "mode.fusion=ensemble"),
    "submodel, distillation": (
        *(*SUBMODEL, "mode.fusion=distillation"),
        "mode.distillation_steps=4",
    ),
    "submodel, distillation, dropout": (
        *(*SUBMODEL, "mode.fusion=distillation", "mode.distillation_steps=4"),
        *("task.model.dropout=0.2", "mode.fractions=[1.0]"),
    ),
    "submodel, batch norm": (*SUBMODEL, "task.model.batch_norm=true"),
    "pipeline, four stages": ("mode=partner/pipeline", "mode.num_micro_batches=2"),
    "pipeline, two stages": ("mode=partner/pipeline", "mode.num_stages=2"),
    "federated": FEDERATED,
    "federated, one step": ("mode=proxy/federated", "mode.local_steps=1"),
    "federated, direct": (*FEDERATED, "agent=direct"),  # in the second round, to try it
    "federated, equal shares": (*FEDERATED, *ALIKE),
    "federated, epochs": (
        *("mode=proxy/federated", "mode.local_steps=null"),
        "mode.local_epochs=0.5",
    ),
    "federated, Adam": (*FEDERATED, ADAM),
    "federated, batch norm": (*FEDERATED, "task.model.batch_norm=true"),
    "federated, dropout": (*FEDERATED, "task.model.dropout=0.2"),
    "federated, seven": (
        *FEDERATED,
        *("scenario=uniform", "scenario.num_partners=7", "partition=iid"),
    ),
    "FedProx": (*FEDERATED, "mode.algorithm=fedprox", "mode.proximal_weight=0.1"),
    "FedProx, weight 0": (*FEDERATED, "mode.algorithm=fedprox", "mode.proximal_weight=1e-12"),
    "SCAFFOLD": (*FEDERATED, "mode.algorithm=scaffold"),
    "FedNova": (
        *("mode=proxy/federated", "mode.local_steps=null", "mode.local_epochs=0.5"),
        "mode.algorithm=fednova",
    ),
    "FedNova, equal steps": (*FEDERATED, "mode.algorithm=fednova"),
    "FedAvgM": server("momentum", 1.0),
    "FedAvgM, momentum 0": server("momentum", 1.0, "mode.server.momentum=0.0"),
    "server Nesterov": server("nesterov", 0.7),
    "FedAdam": server("adam", 0.01),
    "FedYogi": server("yogi", 0.01),
    "FedBuff": ("mode=proxy/fedbuff", "mode.local_steps=5"),
    "FedBuff, one": (
        *("mode=proxy/fedbuff", "mode.local_steps=5", "agent.num_participants=1"),
        *("mode.concurrency=1", "mode.buffer_size=1"),
    ),
    "federated, one": (*FEDERATED, "agent.num_participants=1"),
    "Oort": (*FEDERATED, "agent=oort", "agent.exploration=0.5"),
    "hierarchical": ("mode=proxy/hierarchical", "mode.local_steps=5"),
    "hierarchical, one round": (
        *("mode=proxy/hierarchical", "mode.local_steps=5"),
        "mode.regional_rounds=1",
    ),
    "five": (*FEDERATED, *FIVE),
    "median": robust("median"),
    "trimmed mean": robust("trimmed_mean"),
    "Krum": robust("krum"),
    "multi-Krum": robust("krum", "aggregation.num_selected=2"),
    "geometric median": robust("geometric_median"),
    "centred clipping": robust("centred_clipping"),
    "norm bound": robust("norm_bound", "aggregation.max_norm=0.1"),
    "label privacy": ("mode=partner/allreduce", "privacy=label_dp"),
    "backdoor": attacked("backdoor"),
    "free rider": attacked("free_rider"),
    "IPM": attacked("ipm"),
    "IPM, median": attacked("ipm", "aggregation=median"),
}
