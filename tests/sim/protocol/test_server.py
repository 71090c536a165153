"""A server's optimizer: each gets the settings that it has, and adding is no optimizer at all."""

import pytest

from sim.learner import Outer
from sim.protocol.server import Server


def server(**changes) -> Server:
    settings = {
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "momentum": 0.9,
        "second_momentum": 0.99,
        "adaptivity": 0.001,
    }
    return Server(**(settings | changes))


def test_to_add_the_mean_update_is_to_do_nothing_more() -> None:
    assert server(learning_rate=1.0).outer() is None


@pytest.mark.parametrize(
    ("optimizer", "has"),
    [
        ("sgd", {}),
        ("momentum", {"momentum": 0.9}),
        ("nesterov", {"momentum": 0.9}),
        ("adam", {"momentum": 0.9, "second_momentum": 0.99, "adaptivity": 0.001}),
        ("yogi", {"momentum": 0.9, "second_momentum": 0.99, "adaptivity": 0.001}),
    ],
)
def test_each_gets_the_settings_that_it_has(optimizer: str, has: dict[str, float]) -> None:
    expected = Outer(optimizer=optimizer, learning_rate=0.5, **has)
    assert server(optimizer=optimizer).outer() == expected


def test_a_learning_rate_of_one_is_not_adding_with_momentum() -> None:
    outer = server(optimizer="momentum", learning_rate=1.0).outer()
    assert outer == Outer(optimizer="momentum", learning_rate=1.0, momentum=0.9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": "lion"}, "optimizer must be one of sgd, momentum, nesterov, adam, yogi"),
        ({"learning_rate": 0.0}, "learning_rate must be finite and above 0, got 0.0; 1 with sgd"),
        ({"momentum": 1.0}, "^momentum must be at least 0 and below 1, got 1.0; try mode.server"),
        ({"second_momentum": -0.1}, "second_momentum must be at least 0 and below 1, got -0.1"),
        ({"second_momentum": float("nan")}, "second_momentum must be at least 0 and below 1"),
        ({"adaptivity": 0.0}, "adaptivity must be finite and above 0, got 0.0"),
    ],
)
def test_refuses_what_goes_nowhere(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        server(**changes)
