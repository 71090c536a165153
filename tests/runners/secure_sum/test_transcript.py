"""A proxy that colludes with t − 1 partners learns only the sum.

Two arguments, both on real transcripts. Of an honest party's secrets it holds too few shares, and
whatever it holds fits any secret. And what it sees when honest parties have certain inputs, it sees
as well, byte by byte, when they have others of the same sum and the masks that only honest parties
know are others: as these masks are uniform to it, both transcripts are as likely.
"""

from collections.abc import Iterable
from dataclasses import astuple
from itertools import combinations

import numpy as np
import pytest

from runners.secure_sum import party as party_module
from runners.secure_sum.fixed_point import Words
from runners.secure_sum.key_agreement import KeyPair
from runners.secure_sum.mask import Mask, add_masks
from runners.secure_sum.party import Party, commitment
from runners.secure_sum.plan import Plan, place, sign
from runners.secure_sum.shamir import PRIME, combine
from tests.runners.secure_sum.protocol import (
    BITS,
    Play,
    Transcript,
    plan_of,
    random_entries,
)

NUM, SURVIVORS = 6, (0, 1, 2, 4, 5)  # 3 drops out
COLLUDING = (1, 4, 5)  # t is 4: 0.6 of 6, rounded up
HONEST_LEFT = (0, 2)


def pair_seed(first: Party, second: Party) -> bytes:
    """Return the seed of the mask that two parties share."""
    return first._masking.agree(second._masking.public, "mask")


def seen_shares(rounds: Play, transcript: Transcript) -> tuple[dict, dict]:
    """Return all shares of seeds and of masking keys that the proxy and those who collude with it
    ever hold, by owner and place.
    """
    seeds: dict[int, dict[int, int]] = {owner: {} for owner in rounds.parties}
    keys: dict[int, dict[int, int]] = {owner: {} for owner in rounds.parties}
    for number in COLLUDING:
        for owner, (seed, key) in rounds.parties[number]._shares.items():
            seeds[owner][place(number)], keys[owner][place(number)] = seed, key
    for message in transcript.revealed:
        for owner, share in message.seed_shares.items():
            seeds[owner][place(message.sender)] = share
        for owner, share in message.key_shares.items():
            keys[owner][place(message.sender)] = share
    return seeds, keys


def played(plan: Plan, entries: Words) -> tuple[Play, Transcript]:
    rounds = Play(plan)
    keys = rounds.advertise()
    letters = rounds.share(keys)
    rounds.deliver(letters)
    vectors = rounds.send(entries, SURVIVORS)
    revealed = rounds.reveal(SURVIVORS)
    return rounds, Transcript(keys=keys, letters=letters, vectors=vectors, revealed=revealed)


def as_bytes(transcript: Transcript) -> str:
    vectors = [(one.sender, one.vector.tobytes(), one.tag) for one in transcript.vectors]
    rest = [*transcript.keys, *transcript.letters, *transcript.revealed]
    return repr((vectors, [astuple(message) for message in rest]))


def test_it_holds_too_few_shares_of_what_it_must_not_know() -> None:
    plan = plan_of(NUM)
    assert plan.threshold(0) == len(COLLUDING) + 1
    rounds, transcript = played(plan, random_entries(NUM))
    seeds, keys = seen_shares(rounds, transcript)
    for owner in HONEST_LEFT:
        assert len(keys[owner]) == len(COLLUDING)
    assert len(seeds[3]) == len(COLLUDING)
    # what it may know, it does
    assert all(len(seeds[owner]) >= plan.threshold(owner) for owner in SURVIVORS)
    assert len(keys[3]) >= plan.threshold(3)


def test_the_shares_that_it_holds_fit_any_secret() -> None:
    """Any secret and the t − 1 shares lie on one polynomial, whose other shares are the rest."""
    rounds, transcript = played(plan_of(NUM), random_entries(NUM))
    _, keys = seen_shares(rounds, transcript)
    real = int.from_bytes(rounds.parties[0]._masking.private, "little")
    for secret in (0, 1, real, PRIME - 1):
        # the value at place 1 of the polynomial through (0, secret) and the shares: places moved
        # by −1 make it the one at 0
        points = {0: secret, **keys[0]}
        moved = {point - place(0): value for point, value in points.items()}
        share = combine({point % PRIME: value for point, value in moved.items()}, 4)
        assert combine({place(0): share, **keys[0]}, 4) == secret
        assert (share == rounds.parties[0]._shares[0][1]) == (secret == real)


def test_one_share_more_would_reveal_an_update() -> None:
    """The same attacker with t partners knows a masking key, and with it an honest update."""
    rounds, transcript = played(plan_of(NUM), entries := random_entries(NUM))
    seeds, keys = seen_shares(rounds, transcript)
    keys[0][place(2)] = rounds.parties[2]._shares[0][1]
    pair = KeyPair(combine(keys[0], 4).to_bytes(32, "little"))
    vector = transcript.vectors[0].vector.copy()
    masks = [Mask(seed=combine(seeds[0], 4).to_bytes(32, "little"), sign=-1)]
    for other in range(1, NUM):
        seed = pair.agree(transcript.keys[other].masking, "mask")
        masks.append(Mask(seed=seed, sign=-sign(0, other)))
    add_masks(vector, masks)
    assert (vector % 2**BITS).tolist() == entries[0].tolist()


def test_other_inputs_of_the_same_sum_give_the_same_transcript(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = random_entries(NUM)
    moved = np.array([5, 2**BITS - 1, 77_777], dtype="<u4")
    others = entries.copy()
    others[0] += moved
    others[2] -= moved
    others[3] = 123  # who drops out may have had anything
    rounds, transcript = played(plan_of(NUM), entries)
    shared = pair_seed(rounds.parties[0], rounds.parties[2])
    assert shared not in known_seeds(rounds, transcript)

    def add_other_masks(total: Words, masks: Iterable[Mask]) -> None:
        """Add the same masks, but between the honest parties one that is less by `moved`."""
        masks = list(masks)
        add_masks(total, masks)
        for mask in masks:
            if mask.seed == shared:
                total -= np.int64(mask.sign).astype("<u4") * moved

    monkeypatch.setattr(party_module, "add_masks", add_other_masks)
    _, again = played(plan_of(NUM), others)
    assert as_bytes(again) == as_bytes(transcript)
    assert not np.array_equal(entries[0], others[0])


def known_seeds(rounds: Play, transcript: Transcript) -> set[bytes]:
    """Return the seeds of all masks that the proxy and those who collude with it can compute."""
    seeds, keys = seen_shares(rounds, transcript)
    known = {rounds.parties[number]._masking.private for number in COLLUDING}
    for owner in rounds.parties:
        if len(keys[owner]) >= 4:
            known.add(combine(keys[owner], 4).to_bytes(32, "little"))
    publics = [message.masking for message in transcript.keys]
    of_pairs = {KeyPair(one).agree(public, "mask") for one in known for public in publics}
    own = [combine(some, 4) for some in seeds.values() if len(some) >= 4]
    assert {commitment(one) for one in own} <= {one.commitment for one in transcript.keys}
    return of_pairs | {one.to_bytes(32, "little") for one in own}


def test_every_mask_of_an_honest_vector_but_one_between_honest_parties_is_known() -> None:
    """What hides honest updates is the one mask that the test above changes."""
    rounds, transcript = played(plan_of(NUM), random_entries(NUM))
    known = known_seeds(rounds, transcript)
    unknown = [
        pair
        for pair in combinations(rounds.parties, 2)
        if pair_seed(*(rounds.parties[number] for number in pair)) not in known
    ]
    assert unknown == [HONEST_LEFT]


def test_masks_and_letters_differ_from_merge_to_merge() -> None:
    entries = random_entries(NUM)
    first, second = (Play(plan_of(NUM), secret=secret) for secret in (5, 6))
    letters = [rounds.share(rounds.advertise()) for rounds in (first, second)]
    sealed = [{letter.sealed for letter in some} for some in letters]
    assert len(sealed[0]) == NUM * (NUM - 1) and not sealed[0] & sealed[1]
    vectors = [rounds.send(entries, range(NUM))[0].vector for rounds in (first, second)]
    assert not np.array_equal(*vectors)
