"""Somebody asks the stack to stop: told by a signal, waited for by the main thread."""

import os
import select
import signal


class StopWish:
    """A pipe with a byte in it once anybody asked.

    Not a threading.Event: a signal that comes while the main thread is inside its `wait` would ask for the lock that this same thread holds, and hang.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)

    def listen_to(self, *signals: signal.Signals) -> None:
        for number in signals:
            signal.signal(number, lambda *_: self.ask())

    def ask(self) -> None:
        """Safe within a signal's handler, and as often as you like."""
        try:
            os.write(self._writing, b"\0")
        except BlockingIOError:
            return  # so many asked already

    def wait(self, seconds: float) -> bool:
        """Whether anybody has asked, at the latest after so many seconds."""
        readable, _, _ = select.select([self._reading], [], [], seconds)
        return bool(readable)
