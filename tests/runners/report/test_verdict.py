from runners.report.compare import compare_runs
from runners.report.load import load_sweep
from runners.report.verdict import answer


def _answer(sweep):
    loaded = load_sweep(sweep.folder)
    return answer(loaded, compare_runs(loaded.runs))


def _add(sweep, mode, times, accuracy=0.92):
    for seed, time_sim_s in enumerate(times):
        sweep.finished(
            mode,
            seed,
            accuracy=accuracy + 0.001 * seed,
            virtual={"time_to_target_sim_s": time_sim_s},
        )


def test_the_faster_side_is_named_with_the_factor_and_interval(sweep):
    _add(sweep, "partner/allreduce", [10.0, 11.0, 12.0])
    _add(sweep, "proxy/federated", [20.0, 22.1, 24.0])
    first = _answer(sweep)[0]
    assert first.startswith("Working together directly was faster: partner/allreduce reached 90 %")
    assert "2.00× as fast as proxy/federated, 11.0 s against 22.0 s of virtual time" in first
    assert "95 % interval" in first
    assert "3 seeds" in first


def test_the_proxy_can_be_faster(sweep):
    _add(sweep, "partner/allreduce", [40.0, 44.0])
    _add(sweep, "proxy/federated", [20.0, 22.0])
    assert _answer(sweep)[0].startswith("Going through a proxy was faster: proxy/federated reached")


def test_what_cannot_be_told_is_not_told(sweep):
    _add(sweep, "partner/allreduce", [10.0, 20.0, 12.0])
    _add(sweep, "proxy/federated", [20.0, 10.0, 12.0])
    first, second = _answer(sweep)[:2]
    assert first.startswith("These seeds do not tell who reaches 90 % accuracy first")
    assert second.startswith("Whose final accuracy is higher cannot be told")


def test_a_side_that_always_missed_the_target_is_named(sweep):
    _add(sweep, "partner/allreduce", [10.0, 20.0])
    _add(sweep, "proxy/federated", [None, None], accuracy=0.7)
    assert _answer(sweep)[0] == (
        "Only working together directly reached 90 % accuracy: "
        "partner/allreduce in 2 of 2 seeds, proxy/federated in 0 of 2 seeds."
    )


def test_one_seed_has_no_interval(sweep):
    _add(sweep, "partner/allreduce", [10.0])
    _add(sweep, "proxy/federated", [20.0])
    assert "(one seed: no interval)" in _answer(sweep)[0]


def test_amounts_are_those_of_the_paired_seeds(sweep):
    _add(sweep, "partner/allreduce", [10.0, 11.0, 99.0])
    _add(sweep, "proxy/federated", [20.0, 22.0])
    assert "10.5 s against 21.0 s" in _answer(sweep)[0]


def test_a_sweep_without_a_proxy_says_what_it_lacks(sweep):
    _add(sweep, "partner/allreduce", [10.0])
    assert "needs a finished run of a partner mode and of a proxy mode" in _answer(sweep)[0]


def test_without_a_learner_the_answer_is_about_throughput(sweep):
    for mode in ("partner/allreduce", "proxy/federated"):
        for seed in (0, 1):
            sweep.finished(mode, seed, learner="none")
    first, second = _answer(sweep)[:2]
    assert first.startswith("Working together directly trained on more samples per virtual second")
    assert second == "Nothing was learned (learner=none), so nothing is said about accuracy."


def test_the_best_of_several_modes_stands_for_its_side(sweep):
    _add(sweep, "partner/allreduce", [10.0, 11.0])
    _add(sweep, "partner/gossip", [5.0, 6.0])
    _add(sweep, "proxy/federated", [20.0, 21.9])
    sentences = _answer(sweep)
    assert "partner/gossip reached" in sentences[0]
    assert sentences[-1] == "partner/gossip is the best of 2 partner modes on these seeds."


def _add_costs(sweep, mode, costs_usd):
    for seed, cost_usd in enumerate(costs_usd):
        sweep.finished(mode, seed, learner="none", virtual={"cost_usd": cost_usd})


def test_the_dearer_side_is_named_with_the_factor_and_interval(sweep):
    _add_costs(sweep, "partner/allreduce", [0.03, 0.033, 0.036])
    _add_costs(sweep, "proxy/federated", [0.01, 0.011, 0.012])
    assert (
        "partner/allreduce cost 3.00× as much as proxy/federated, 3.30 ¢ against 1.10 ¢ at "
        "the prices of tariff (same in every seed)."
    ) in _answer(sweep)


def test_costs_that_cross_are_not_told(sweep):
    _add_costs(sweep, "partner/allreduce", [1.0, 2.0])
    _add_costs(sweep, "proxy/federated", [2.0, 1.0])
    assert any(one.startswith("Which costs less cannot be told") for one in _answer(sweep))


def test_nothing_is_said_of_cost_where_one_side_is_free(sweep):
    _add_costs(sweep, "partner/allreduce", [0.0])
    _add_costs(sweep, "proxy/federated", [1.0])
    assert not any("cost" in one for one in _answer(sweep))
