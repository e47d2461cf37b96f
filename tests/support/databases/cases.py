"""Test cases that need the servers, and a runner that counts them as tests/run.py wants it.

A module's cases derive from WithServers and read `self.environment`; its main is `cases.main(suite)`. The servers are started once
for all of them. Where they are not installed every case is skipped with the reason, and is a failure when CI=true.
"""

import os
import sys
import unittest

import servers


class WithServers(unittest.TestCase):
    environment = {}


def count(suite):
    return sum(count(each) for each in suite) if isinstance(suite, unittest.TestSuite) else 1


def print_closing(passed, failed, skipped):
    print(f'{passed} passed, {failed} failed, {skipped} skipped', flush=True)
    sys.exit(1 if failed else 0)


def main(suite):
    """Runs the suite, prints the closing line, ends the process."""
    reason = servers.missing()
    if reason:
        print(f'skipped: databases: {reason}')
        is_failure = os.environ.get('CI') == 'true'
        print_closing(0, count(suite) if is_failure else 0, 0 if is_failure else count(suite))
    with servers.running() as environment:
        WithServers.environment = environment
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    for case, why in result.skipped:
        print(f'skipped: {case}: {why}')
    failed = len({case.id() for case, _ in result.failures + result.errors})
    print_closing(result.testsRun - failed - len(result.skipped), failed, len(result.skipped))
