"""One flipped bit in any message is found."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from runners.secure_sum import Tampered
from runners.secure_sum.messages import PublicKeys
from tests.runners.secure_sum.protocol import Play, plan_of, random_entries

NUM, LEFT = 4, (0, 1, 2)


def flipped(text: bytes, bit: int) -> bytes:
    number = int.from_bytes(text, "little") ^ (1 << bit)
    return number.to_bytes(len(text), "little")


def begun() -> Play:
    rounds = Play(plan_of(NUM))
    rounds.deliver(rounds.share(rounds.advertise()))
    return rounds


@pytest.mark.parametrize("bit", [0, 37, 255])
@pytest.mark.parametrize("field", ["sealing", "masking", "commitment"])
@pytest.mark.parametrize("sender", [0, 3])
def test_a_public_key_or_commitment(sender: int, field: str, bit: int) -> None:
    """Bit 255 of a key means nothing to X25519, and is found all the same."""
    rounds = Play(plan_of(NUM))
    keys = rounds.advertise()
    wrong = flipped(getattr(keys[sender], field), bit)
    keys[sender] = replace(keys[sender], **{field: wrong})
    with pytest.raises(Tampered, match=f"the public keys of party {sender} were altered"):
        rounds.share(keys)


def test_parties_that_are_told_different_masking_keys() -> None:
    """The proxy gives party 1 a key of its own for party 0's, to know their mask."""
    rounds = Play(plan_of(NUM))
    keys = rounds.proxy.take_keys(rounds.advertise())
    other = Play(plan_of(NUM), secret=6).parties[0].advertise()
    lie: dict[int, PublicKeys] = {**keys, 0: replace(keys[0], masking=other.masking)}
    told = [rounds.parties[number].share(lie if number == 1 else keys) for number in range(NUM)]
    with pytest.raises(Tampered, match=r"shares from party . to . were altered"):
        rounds.deliver([letter for letters in told for letter in letters])


@pytest.mark.parametrize("bit", [0, 300, 64 * 8, 80 * 8 - 1])
def test_a_sealed_share(bit: int) -> None:
    rounds = Play(plan_of(NUM))
    letters = rounds.share(rounds.advertise())
    assert len(letters[5].sealed) == 80  # two shares of 32 bytes, and a tag of 16
    letters[5] = replace(letters[5], sealed=flipped(letters[5].sealed, bit))
    sender, receiver = letters[5].sender, letters[5].receiver
    with pytest.raises(Tampered, match=f"shares from party {sender} to {receiver} were altered"):
        rounds.deliver(letters)


@pytest.mark.parametrize("field", ["sender", "receiver"])
def test_a_sealed_share_under_another_name(field: str) -> None:
    rounds = Play(plan_of(NUM))
    letters = rounds.share(rounds.advertise())
    letter = next(one for one in letters if (one.sender, one.receiver) == (0, 1))
    letters[letters.index(letter)] = replace(letter, **{field: 2})
    with pytest.raises(Tampered):
        rounds.deliver(letters)


@pytest.mark.parametrize("bit", [0, 19, 31])
def test_a_masked_vector(bit: int) -> None:
    rounds = begun()
    vectors = rounds.send(random_entries(NUM), LEFT)
    vectors[1].vector[2] ^= 1 << bit
    with pytest.raises(Tampered, match="the masked vector of party 1 was altered"):
        rounds.proxy.add_up(vectors)


@pytest.mark.parametrize(
    "change",
    [
        lambda message: replace(message, tag=flipped(message.tag, 3)),
        lambda message: replace(message, sender=2),
    ],
)
def test_a_masked_vectors_tag_and_name(change: Callable) -> None:
    rounds = begun()
    vectors = rounds.send(random_entries(NUM), LEFT)
    vectors[0] = change(vectors[0])
    with pytest.raises(Tampered):
        rounds.proxy.add_up(vectors)


@pytest.mark.parametrize("bit", [0, 100, 254])
@pytest.mark.parametrize("owner", range(NUM))
@pytest.mark.parametrize("holder", LEFT)
def test_a_revealed_share(holder: int, owner: int, bit: int) -> None:
    """t is 3 of 4, so every survivor's share counts."""
    rounds = begun()
    total = rounds.proxy.add_up(rounds.send(random_entries(NUM), LEFT))
    revealed = rounds.reveal(LEFT)
    field = "seed_shares" if owner in LEFT else "key_shares"
    shares = getattr(revealed[holder], field)
    wrong = {field: {**shares, owner: shares[owner] ^ (1 << bit)}}
    revealed[holder] = replace(revealed[holder], **wrong)
    with pytest.raises(Tampered, match=f"a share of party {owner}'s"):
        rounds.proxy.unmask(total, LEFT, revealed)
