"""Check a log of accesses: that no entry was altered, moved, put in or taken out.

    python -m runners.transport.verify audit.jsonl --key 3b6a27bc…

Prints the log's head. Keep it: `--seen <head>` shows later that the log still has these entries.
The exit status is 0 for an intact log, 1 for one that is not, 2 for a wrong command.
"""

import argparse
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from runners.transport import Tampered
from runners.transport.audit_log import check_log


def main() -> None:
    """Check the log that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m runners.transport.verify",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("log", type=Path, help="file of entries; its head is in <log>.head")
    parser.add_argument(
        "--key", type=_public_key, required=True, help="the writer's public key, 64 hex digits"
    )
    parser.add_argument("--seen", help="head that an earlier check printed")
    arguments = parser.parse_args()
    try:
        state = check_log(arguments.log, arguments.key, arguments.seen)
    except Tampered as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    print(f"Intact: {state.num_entries} entries, head {state.head}")


def _public_key(text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be 64 hex digits, got {text!r}") from error


if __name__ == "__main__":
    main()
