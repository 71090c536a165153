"""Owns the settings of an audit, conf/audit.yaml: how many trials, and how hard attackers try."""

from dataclasses import dataclass

from runners.learner.horovod import DEVICES
from sim.bounds import at_least, not_negative, one_of

ATTACKERS = ("proxy", "partner")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Say how an audit attacks.

    `attacker` is who sees updates: the `proxy` that adds them up, or a `partner`, who sees what is
    published. `partner` is whose model is attacked where partners keep their own, and whose samples
    are reconstructed. `num_candidates` members and as many others are told apart, with
    `num_shadows` shadow models (0: without LiRA). `num_victims` updates on `batch_size` samples are
    inverted, in `num_iterations` with a weight of `total_variation`, and held against `num_decoys`
    other samples. `num_shadow_partners` teach, and as many test, whether a partner has more than
    `property_share` of `property_class`. `delta` is that of the bound on ε, where the run's record
    states none.
    """

    seed: int
    device: str
    attacker: str
    partner: int
    num_candidates: int
    num_shadows: int
    num_victims: int
    batch_size: int
    num_iterations: int
    total_variation: float
    num_decoys: int
    num_shadow_partners: int
    property_class: int
    property_share: float
    delta: float

    def __post_init__(self) -> None:
        one_of("device", self.device, DEVICES)
        one_of("attacker", self.attacker, ATTACKERS)
        for name, low, remedy in (
            ("seed", 0, "try seed=0"),
            ("partner", 0, "0 is the first"),
            ("num_candidates", 4, "1000 tells a rate of 0.1 % from none"),
            ("num_victims", 2, "try num_victims=8"),
            ("batch_size", 1, "1 is the easiest to invert"),
            ("num_iterations", 1, "try num_iterations=300"),
            ("num_decoys", 2, "try num_decoys=500"),
            ("num_shadow_partners", 4, "try num_shadow_partners=256"),
            ("property_class", 0, "0 is the first class"),
        ):
            at_least(name, getattr(self, name), low, remedy=remedy)
        not_negative("total_variation", self.total_variation, remedy="try total_variation=0.001")
        if self.num_shadows and (self.num_shadows < 4 or self.num_shadows % 2):
            raise ValueError(
                f"num_shadows must be 0, or even and at least 4, so that each candidate is in half "
                f"of them, got {self.num_shadows}; try num_shadows=16"
            )
        if not 0 < self.property_share < 1:
            raise ValueError(
                f"property_share must be above 0 and below 1, got {self.property_share}; try 0.3"
            )
        if not 0 <= self.delta < 1:
            raise ValueError(f"delta must be at least 0 and below 1, got {self.delta}; try 1e-5")
