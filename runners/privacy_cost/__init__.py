"""Privacy cost: what each mechanism costs in time, bytes and accuracy, and what it leaves to an
attacker.

    python -m runners.privacy_cost results/runs/privacy_cost

In: a folder of sweeps, or a published one, whose runs differ in privacy, compression and seed, one
of them without both; best after `python -m runners.audit` on it. Out: two tables with means over
seeds, and `privacy_cost.csv` in that folder, a row for each finished run.
"""

FILE_NAME = "privacy_cost.csv"
PLAIN = "none"
"""What a run with neither privacy nor compression is called."""
