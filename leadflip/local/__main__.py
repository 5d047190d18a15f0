"""`python -m leadflip.local`, which is what `make run` calls."""

import signal
import sys

from django.core.exceptions import ImproperlyConfigured

from leadflip.env import data_folder
from leadflip.local.faults import StackFault, fault_of
from leadflip.local.folders import lock_data_folder, make_data_folder
from leadflip.local.stack import Stack, Stopped
from leadflip.local.stop_wish import StopWish


def main() -> int:
    stop = StopWish()
    stop.listen_to(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    try:
        home = data_folder().resolve()
        make_data_folder(home)
        with lock_data_folder(home):
            Stack(home, stop=stop).run()
    except Stopped:
        return 0
    except (StackFault, ImproperlyConfigured) as fault:
        sys.stderr.write(f"Leadflip: {fault}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"Leadflip: {fault_of(error)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
