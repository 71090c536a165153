"""One run, or a sweep of runs with -m: python -m runners.run mode=proxy/federated task=mnist_mlp
seed=3
"""

from runners.job import command

if __name__ == "__main__":
    command("run")()
