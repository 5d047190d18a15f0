"""`python -m leadflip.local`, which is what `make run` calls."""

import signal
import sys
import threading

from django.core.exceptions import ImproperlyConfigured

from leadflip.env import data_folder
from leadflip.local.faults import StackFault, fault_of
from leadflip.local.folders import lock_data_folder, make_data_folder
from leadflip.local.stack import Stack, Stopped


def main() -> int:
    stop = threading.Event()
    for wish in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wish, lambda *_: stop.set())
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
