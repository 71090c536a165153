"""Privacy `ckks`: the proxy adds up updates that only partners can read (CKKS, Cheon et al. 2017).

Guarantee: the proxy learns how many updates there are and nothing of what is in them, up to 128-bit
security of RLWE. Partners learn the sum. The sum itself is not made private: what it says of a
partner's data it says to all partners.

Trust: partners hold one key together, so each is trusted not to pass it on, nor to fetch another's
ciphertext: who has both reads the update. The proxy is trusted to add what it was sent (nothing
proves that it did). And nothing that was decrypted may go back to the proxy: CKKS decryptions carry
their noise, from which the key can be computed (Li and Micciancio 2021, "On the security of
homomorphic encryption on approximate numbers").

In this harness rank 0 is the proxy and hosts partners (`runners.homomorphic.keys`). What the proxy
does to the sum (the noise of `dp_central`) it could do to the ciphertext, by adding an encryption
of it; here it is done to the decrypted sum, on all ranks, which comes to the same numbers.

Sums are within 1e-7 of the plain ones for updates around 1 and differ from run to run: SEAL's
randomness takes no seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runners.homomorphic import Scheme
from runners.privacy import Cost, Guarantee, Load, Mechanism, Merge, Sampling
from runners.secure_sum import SumNotRevealed
from sim.bounds import positive

if TYPE_CHECKING:
    from runners.homomorphic.encrypted_sum import EncryptedSum

LEAST_PARTNERS = 2
HEADER_BYTES = 1024
"""What SEAL may put around a ciphertext's numbers."""


@dataclass(frozen=True, kw_only=True)
class Ckks(Mechanism):
    """Encrypt updates under these parameters; see `runners.homomorphic.Scheme`.

    The other settings are measured under them: the size of a serialised ciphertext, and how many a
    core encrypts (and serialises), adds (and reads), serialises, and decrypts (and reads) in a
    second.
    """

    poly_modulus_degree: int
    coeff_mod_bit_sizes: tuple[int, ...]
    scale_bits: int
    ciphertext_bytes: int
    encrypted_ciphertexts_per_s: float
    added_ciphertexts_per_s: float
    serialised_ciphertexts_per_s: float
    decrypted_ciphertexts_per_s: float

    is_secure_sum = True
    needs_sum = True

    def __post_init__(self) -> None:
        scheme = self.scheme
        low, high = scheme.packed_bytes(), scheme.unpacked_bytes() + HEADER_BYTES
        if not low <= self.ciphertext_bytes <= high:
            raise ValueError(
                f"ciphertext_bytes must be between {low} and {high} with these parameters, got "
                f"{self.ciphertext_bytes}; measure it with `make benchmarks ARGS='-k ckks'`"
            )
        for name in ("encrypted", "added", "serialised", "decrypted"):
            setting = f"{name}_ciphertexts_per_s"
            remedy = "measure it with `make benchmarks ARGS='-k ckks'`"
            positive(setting, getattr(self, setting), remedy=remedy)

    @property
    def scheme(self) -> Scheme:
        """The parameters of the encryption."""
        return Scheme(
            poly_modulus_degree=self.poly_modulus_degree,
            coeff_mod_bit_sizes=self.coeff_mod_bit_sizes,
            scale_bits=self.scale_bits,
        )

    def check(self, before: Sequence[Mechanism], after: Sequence[Mechanism]) -> None:
        """Raise ValueError where another mechanism would have to change encrypted updates."""
        for mechanism in after:
            if _changes_updates(mechanism):
                name = type(mechanism).__module__.rpartition(".")[2]
                raise ValueError(
                    f"privacy.ckks must come after {name}, which changes updates and can't once "
                    f"they are encrypted; try 'privacy=[{name},ckks]'"
                )

    def begin_sum(self, size: int, merge: Merge, ranks: Any) -> "EncryptedSum":
        """Begin a sum under the run's key, which the first one draws; raise SumNotRevealed, on all
        ranks, with one partner: who holds the key would read its update.
        """
        if len(set(merge.partners)) < LEAST_PARTNERS:
            raise SumNotRevealed(
                "the sum of one partner's updates hides none of them, got updates of partners "
                f"{merge.partners}"
            )
        from runners.homomorphic.encrypted_sum import EncryptedSum
        from runners.homomorphic.keys import keys_of

        keys = keys_of(merge.secret, self.scheme, ranks)  # the secret is only the run's name here
        return EncryptedSum(size, self.scheme, keys, ranks)

    def wire_bytes(self, num_bytes: int, load: Load) -> int:
        """Return the size of the ciphertexts, whatever the plain numbers weigh."""
        return self.scheme.num_ciphertexts(load.num_parameters) * self.ciphertext_bytes

    def cost(self, load: Load) -> Cost:
        """Return the seconds of a partner's encryption and decryption, and of the proxy's sum. The
        key's way to the partners is before the run, and on no clock.
        """
        num = self.scheme.num_ciphertexts(load.num_parameters)
        return Cost(
            partner_sim_s=num / self.encrypted_ciphertexts_per_s
            + num / self.decrypted_ciphertexts_per_s,
            proxy_sim_s=num * load.num_partners / self.added_ciphertexts_per_s
            + num / self.serialised_ciphertexts_per_s,
        )

    def guarantee(self, sampling: Sampling, num_merges: int) -> Guarantee:
        """Return that single updates are hidden from the proxy."""
        return Guarantee(
            mechanism="ckks",
            unit="update",
            hidden_from="proxy",
            assumptions=(
                "RLWE with 128 bits of security; no partner passes the common key on; the proxy "
                "adds what it is sent; no decrypted sum goes back to the proxy"
            ),
        )


def _changes_updates(mechanism: Mechanism) -> bool:
    """Return whether a mechanism does anything to updates at their partners."""
    kind = type(mechanism)
    return kind.protect is not Mechanism.protect or kind.scales is not Mechanism.scales
