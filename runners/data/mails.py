"""Owns the SpamAssassin mails as shipped: 5,908 distinct mails, spam and legitimate."""

from functools import cache
from typing import TYPE_CHECKING

from runners.data.shipped import SHIPPED

if TYPE_CHECKING:
    import pandas as pd

MAIL_BYTES = 1400
"""Mean UTF-8 size of subject and body as shipped, rounded to 10 (test_spam.py computes it)."""


@cache
def load_mails() -> "pd.DataFrame":
    """Return `subject`, `body` (its first 4,000 characters), `is_spam` and `mailing_list`, `none`
    where there is no list; a mail without subject has an empty one.
    """
    import pandas as pd

    mails = pd.read_parquet(
        SHIPPED / "spam_assassin.parquet", columns=["subject", "body", "is_spam", "mailing_list"]
    )
    return mails.fillna({"subject": "", "body": ""})
