"""Topology `star`: every machine's access link ends at one backbone.

There is nothing between the access links, so that 10,000 partners cost nothing; or, with
`backbone_bytes_per_s`, one bandwidth that all messages share.
"""

from dataclasses import dataclass

from sim.consortium import Consortium
from sim.topology import Port, Wiring, at, backbone, check_backbone, machines


@dataclass(frozen=True, kw_only=True)
class Star:
    """Join all machines by a backbone; `backbone_bytes_per_s=None` is never a bottleneck."""

    backbone_bytes_per_s: float | None

    def __post_init__(self) -> None:
        check_backbone(self.backbone_bytes_per_s)

    def wire(self, consortium: Consortium) -> Wiring:
        """Return one node, or two with the backbone's cable between them."""
        if self.backbone_bytes_per_s is None:
            ports = dict.fromkeys(machines(consortium), at("backbone"))
            return Wiring(ports=ports, cables=(), sites=(), routes={})
        cable = backbone("backbone", self.backbone_bytes_per_s)
        port = Port(into=cable.source, out_of=cable.target)
        return Wiring(
            ports=dict.fromkeys(machines(consortium), port),
            cables=(cable,),
            sites=(),
            routes={(cable.source, cable.target): (cable.source, cable.target)},
        )
