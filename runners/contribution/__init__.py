"""Contribution: what each partner's data are worth to federated learning, and what it is paid.

    python -m runners.contribution +experiment=contribution

In: a run's config (mode=proxy/federated) and conf/contribution.yaml. Every coalition of partners is
a game's coalition, worth the held-out accuracy (or minus the loss) of the model that it trains by
itself; the Shapley value divides what all together gain over the untrained model. Out: tables in
the terminal and in the run's folder (`runners.contribution.files` has their dictionary).

| estimate | module | after |
|---|---|---|
| exact, up to 8 partners | `shapley` | Shapley 1953 |
| truncated Monte Carlo | `monte_carlo` | Ghorbani & Zou 2019 |
| reconstruction, of all rounds at once and of each | `approximations` | Song, Tong & Wei 2019 |
| alignment with the merged update | `approximations` | after Xu et al. 2021 |

Players are numbers from 0, and a coalition is an int whose bit k says whether player k is in it.
"""
