#!/usr/bin/env python3
"""tests/run.py on suites made up for it: what passes, fails, crashes, hangs, says nothing, and is skipped."""

import os
import subprocess
import sys
import tempfile

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../run.py')

CASES = [
    # name, script, extra properties, what the suite's line must say
    ('closing', 'echo "skipped: two: no such thing"; echo "3 passed, 0 failed, 1 skipped"', '', '3 passed, 0 failed, 1 skipped'),
    ('silent', 'true', '', '1 passed, 0 failed, 0 skipped'),
    ('fails', 'echo why; exit 1', '', '0 passed, 1 failed, 0 skipped'),
    ('lies', 'echo "5 passed, 0 failed, 0 skipped"; exit 3', '', '5 passed, 1 failed, 0 skipped'),
    ('empty', 'echo "0 passed, 0 failed, 0 skipped"', '', '0 passed, 1 failed, 0 skipped'),
    ('hangs', 'sleep 60', 'TIMEOUT 1', '0 passed, 1 failed, 0 skipped'),
]


def main():
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'CTestTestfile.cmake'), 'w', encoding='utf-8') as registry:
            for name, script, properties, _ in CASES:
                path = os.path.join(folder, name + '.sh')
                with open(path, 'w', encoding='utf-8') as out:
                    out.write('#!/bin/sh\n' + script + '\n')
                os.chmod(path, 0o755)
                registry.write(f'add_test({name} "{path}")\n')
                if properties:
                    registry.write(f'set_tests_properties({name} PROPERTIES {properties})\n')
            registry.write('add_test(missing "/no/such/program")\n')
        result = subprocess.run([sys.executable, RUN, '--build', folder], capture_output=True, text=True, check=False)
        lines = result.stdout.strip().split('\n')
        for name, _, _, expected in CASES + [('missing', '', '', '0 passed, 1 failed, 0 skipped')]:
            if not any(line.split()[1:2] == [name] and expected in line for line in lines):
                faults.append(f'{name}: expected {expected}')
        if lines[-1] != '9 passed, 5 failed, 1 skipped':
            faults.append('the last line')
        if '  closing: two: no such thing' not in lines:
            faults.append('the reason of a skip')
        if result.returncode != 1:
            faults.append(f'exit code {result.returncode}')
        nothing = subprocess.run([sys.executable, RUN, '--build', folder, '--only', 'nobody'], capture_output=True, text=True, check=False)
        if nothing.returncode != 1 or not nothing.stdout.endswith('0 passed, 1 failed, 0 skipped\n'):
            faults.append('no suite at all must fail')
    if faults:
        print('\n'.join(faults) + '\n' + result.stdout + result.stderr)
    print(f'{len(CASES) + 5 - len(faults)} passed, {len(faults)} failed, 0 skipped')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
