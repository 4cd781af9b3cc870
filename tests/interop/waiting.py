"""Waiting for what comes about by itself, without a guess at how long it takes."""

import time


def wait_until(look, is_right, timeout: float, what: str):
    """Looks until what is seen is right, and returns it."""
    deadline = time.monotonic() + timeout
    while not is_right(seen := look()):
        assert time.monotonic() < deadline, f"no {what!r} within {timeout} s; seen:\n{seen}"
        time.sleep(0.02)
    return seen
