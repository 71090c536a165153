"""Rank candidates, find who is enough, and what a wrong choice costs: python -m runners.select
select.file=mine.csv
"""

from runners.job import main_of
from runners.select.command import select

if __name__ == "__main__":
    main_of("select", select)()
