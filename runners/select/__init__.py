"""Selection: with whom to work, before anything starts.

    python -m runners.select
    python -m runners.select select.file=mine.csv select.target.num_samples=20000

In: candidates from a CSV file (`candidates` has its columns), criteria with weights, and a target.
Out: a ranking by weighted sums and by TOPSIS (`scores`), the minimal sets that meet
the target (`minimal_sets`), and what a wrong choice costs on the virtual clock (`consequences`).
"""
