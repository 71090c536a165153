"""Find what each partner's data are worth, and divide a sum by it: python -m runners.contribution
+experiment=contribution
"""

from runners.contribution.command import contribute
from runners.job import main_of

if __name__ == "__main__":
    main_of("contribution", contribute)()
