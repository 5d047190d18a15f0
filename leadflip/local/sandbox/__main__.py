"""`python -m leadflip.local.sandbox --http-port 8101 --smtp-port 8102 --secrets-file secrets.txt` (one whsec_… per line)."""

import argparse
import signal
import sys
from pathlib import Path

from leadflip.local.sandbox.arrivals import Arrivals
from leadflip.local.sandbox.inbox import open_inbox
from leadflip.local.sandbox.receiver import Receiver


def main() -> None:
    parser = argparse.ArgumentParser(prog="leadflip.local.sandbox", description="A partner to try Leadflip with.")
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--secrets-file", type=Path, required=True)
    options = parser.parse_args()
    arrivals = Arrivals()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    inbox = open_inbox(options.smtp_port, arrivals=arrivals)
    with Receiver(options.http_port, arrivals=arrivals, secrets_file=options.secrets_file, smtp_port=options.smtp_port) as receiver:
        try:
            receiver.serve_forever()
        finally:
            inbox.stop()


if __name__ == "__main__":
    main()
