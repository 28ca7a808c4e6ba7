"""Every call comes from an address of its own, as a proxy would tell: otherwise limits would answer most of them."""

import atexit
import collections
import itertools
import os

import schemathesis

numbers = itertools.count(1)
statuses = collections.Counter()


@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(numbers)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@schemathesis.hook
def after_call(context, case, response):
    statuses[response.status_code] += 1
    # Otherwise a session that is not taken would leave nothing tried, and nothing found.
    if "WAXWING_SESSION" in os.environ and b"not_logged_in" in response.content:
        raise AssertionError("the session was not taken")


@atexit.register
def report():
    print("answers by status:", dict(sorted(statuses.items())))
