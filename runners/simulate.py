"""One run on the virtual clock only, and where its time went: python -m runners.simulate
mode=proxy/federated scenario=lognormal
"""

from runners.job import command
from runners.perform import Job


def conclude(job: Job) -> None:
    """Print the breakdown of a finished run."""
    from runners.breakdown import print_breakdown  # loads pandas

    print_breakdown(job.folder, [partner.name for partner in job.setting.consortium.partners])


if __name__ == "__main__":
    command("simulate", conclude)()
