"""Fairness: whose work went into a model, and whom the model serves worse.

`participation` counts how evenly partners take part, `gaps` holds partners and sensitive groups of
people against each other. Figures go into a run's record; results/README.md has the dictionary.
"""
