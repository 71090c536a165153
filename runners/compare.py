"""Modes side by side over seeds, with a report at the end: python -m runners.compare
task=digits_mlp seed=0,1,2,3,4
"""

from runners.job import command

if __name__ == "__main__":
    command("compare")()
