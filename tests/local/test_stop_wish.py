import signal
import subprocess
import sys
import time

from leadflip.env import PROJECT
from leadflip.local.stop_wish import StopWish

# Waits in a tight loop, so that most of its time is spent on the way into and out of `wait`.
WAITING = """
import signal
from leadflip.local.stop_wish import StopWish
stop = StopWish()
stop.listen_to(signal.SIGTERM)
print("ready", flush=True)
while not stop.wait(0):
    pass
"""


def test_nobody_has_asked() -> None:
    assert not StopWish().wait(0)


def test_a_wish_stays() -> None:
    stop = StopWish()
    stop.ask()
    stop.ask()
    assert [stop.wait(5), stop.wait(0)] == [True, True]


def test_wishes_beyond_what_a_pipe_holds_are_one() -> None:
    stop = StopWish()
    for _ in range(100_000):
        stop.ask()
    assert stop.wait(0)


def test_signals_at_any_instant_of_the_wait_are_heard_and_hang_nobody() -> None:
    for _ in range(20):
        with subprocess.Popen([sys.executable, "-c", WAITING], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            process.stdout.readline()
            deadline = time.monotonic() + 10
            while process.poll() is None and time.monotonic() < deadline:
                process.send_signal(signal.SIGTERM)
            has_ended = process.poll()
            process.kill()
        # A signal may come when Python is on its way out and has put its own handlers back.
        assert has_ended in (0, -signal.SIGTERM)
