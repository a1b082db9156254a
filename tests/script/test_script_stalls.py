"""What `script/test --stalls` does to the processes beneath the tests."""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from collections.abc import Callable

import psutil
import stalls


def until(found: Callable[[], bool]) -> None:
    limit_s = time.monotonic() + 20
    while not found():
        assert time.monotonic() < limit_s
        time.sleep(0.005)


def test_a_process_is_stopped_now_and_then_and_goes_on_at_the_end() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        beneath = psutil.Process(child.pid)
        one = stalls.Stalls(psutil.Process(os.getpid()), random.Random(1))
        stalling = threading.Thread(target=one.run)
        stalling.start()
        for _ in range(2):
            until(lambda: beneath.status() == psutil.STATUS_STOPPED)
            until(lambda: beneath.status() == psutil.STATUS_SLEEPING)
        until(lambda: beneath.status() == psutil.STATUS_STOPPED)
        one.end()
        stalling.join()
        until(lambda: beneath.status() == psutil.STATUS_SLEEPING)
        assert one.count >= 3
        child.kill()


def test_one_that_another_has_stopped_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        beneath = psutil.Process(child.pid)
        beneath.suspend()
        one = stalls.Stalls(beneath, random.Random(1))
        assert one._running() is None
        parent = stalls.Stalls(psutil.Process(os.getpid()), random.Random(1))
        found = parent._running()
        assert found is None or found.pid != child.pid
        child.kill()
