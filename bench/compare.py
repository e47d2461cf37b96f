#!/usr/bin/env python3
"""Two builds of Writ side by side, on the workloads of workloads.py, and the floor beside them.

    bench/compare.py [--rounds 5] [--seconds 0.5] [--only REGEX] [--instructions] [--quick] OLD NEW

OLD and NEW are release build folders, of this checkout or of another one, with `writ`,
`writ_decide_bench` and `writ_admission_bench` built. Of another revision:

    git worktree add --detach ../before REVISION && cd ../before && cmake --preset release &&
      ninja -C build/release writ writ_decide_bench writ_admission_bench
    cd - && ./dev build && ninja -C build/release writ_decide_bench writ_admission_bench &&
      bench/compare.py ../before/build/release build/release

Both are measured by the same driver, workload_driver.cc of this checkout. It is compiled beside each
build with the flags and libraries of that build's writ_decide_bench, so the older revision needs no
change as long as engine/include/writ/engine.h has what the driver calls.

Every measurement is made once a round in OLD and in NEW, in turn, and the best of the rounds counts:
the machine may be shared, and what disturbs a run only adds. Seconds from different runs of this
script cannot be compared; instructions can.

    bundle           bytes of the file, by rule
    peak             maximum resident memory of `writ eval` on tools-100000, less that on tools-100,
                     by rule
    load             PolicySet::Load and an Engine from the bytes of a bundle
    json, fields     one decision; 10,000 requests go round (paths: 1,000; review: 1)
    list             one listing of 26 tools
    print            DecisionJson of one decision
    admission        writ_admission_bench: each revision with its own policy library
    review           the same reviews, by the engine alone; both with the policy library of OLD
    … instructions   --instructions: callgrind's count of a decision, warmed up; needs valgrind and its headers

`floor` is tools_floor.h, built with the flags of NEW. --only takes the measurements whose names
match. --quick is the smoke test: small workloads, one round, and the drivers that the builds have.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import workloads

HERE = pathlib.Path(__file__).resolve().parent
DRIVER = 'writ_workload_driver'
DRIVER_SOURCES = ('workload_driver.cc', 'tools_floor.cc')
VARIANTS = ('json', 'fields', 'list')

SIZES = {'small': 1000, 'medium': 10000, 'large': 100000, 'paths': 20000, 'requests': 10000}
QUICK_SIZES = {'small': 50, 'medium': 200, 'large': 1000, 'paths': 100, 'requests': 100}

# A child's peak is at least the memory of the process that forked it, so a small one forks it.
PEAK = """
import os, sys
own = int(open('/proc/self/statm').read().split()[1]) * os.sysconf('SC_PAGESIZE')
child = os.fork()
if child == 0:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
_, _, usage = os.wait4(child, 0)
assert usage.ru_maxrss * 1024 > own * 1.1, 'not more than this process has'
print(usage.ru_maxrss * 1024)
"""


class Failed(Exception):
    """A measurement that could not be made; its text says why."""


def run(command, **options):
    command = [str(word) for word in command]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failed(f'{shlex.join(command)}\n{(done.stderr or done.stdout)[-2000:]}')
    return done.stdout


def named_numbers(text):
    """What the driver prints: lines of a name and a number."""
    return {name: float(number) for name, number in (line.split() for line in text.splitlines())}


class Tree:
    """One build of Writ, with the driver beside it."""

    def __init__(self, name, build, scratch, is_quick):
        self.name, self.build, self.scratch = name, build.resolve(), scratch / name
        self.scratch.mkdir()
        home = re.search(r'^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$', (self.build / 'CMakeCache.txt').read_text(), re.M)
        self.source = pathlib.Path(home[1])
        self.writ = self.build / 'writ'
        if is_quick:
            self.driver = self.build / 'bench' / DRIVER
        else:
            self.driver = self.scratch / DRIVER
            self.build_driver()

    def build_driver(self):
        print(f'compare: compiling {DRIVER} beside {self.build}', file=sys.stderr)
        sources = self.scratch / 'src'
        shutil.copytree(HERE, sources / 'bench', ignore=shutil.ignore_patterns('peers', '__pycache__'))
        commands = run(['ninja', '-C', self.build, '-t', 'commands', 'writ_decide_bench']).splitlines()
        compiling = shlex.split(next(line for line in commands if line.endswith('decide_bench.cc')))
        linking = shlex.split(next(line for line in commands if '-o bench/writ_decide_bench ' in line))
        linking = linking[linking.index('&&') + 1:-2]  # `: && … && :`
        objects = []
        for source in DRIVER_SOURCES:
            objects.append(str(self.scratch / source) + '.o')
            command = without_option(without_option(without_option(compiling, '-MF'), '-MT'), '-o')
            command[-1:] = ['-I', str(sources), str(sources / 'bench' / source), '-o', objects[-1]]
            run([word for word in command if word != '-MD'], cwd=self.build)
        command = without_option(linking, '-o')
        at = next(i for i, word in enumerate(command) if word.endswith('decide_bench.cc.o'))
        run(command[:at] + objects + command[at + 1:] + ['-o', str(self.driver)], cwd=self.build)

    def compile(self, folder):
        """Returns the bundle of a workload, compiled when it is first asked for."""
        bundle = self.scratch / f'{folder.name}.writb'
        if not bundle.exists():
            run([self.writ, 'compile', '-o', bundle, folder / 'policies'])
        return bundle

    def compile_library(self, source):
        bundle = self.scratch / 'library.writb'
        if not bundle.exists():
            library = source / 'policies' / 'toolhive'
            data = [word for name in ('settings', 'exceptions') for word in ('--data', f'{name}={library / name}.yaml')]
            run([self.writ, 'compile', '-o', bundle, *data, library])
        return bundle


def without_option(words, option):
    """The words without `option` and its value."""
    if option not in words:
        return list(words)
    at = words.index(option)
    return words[:at] + words[at + 2:]


# -- measurements: each is made in one tree and returns {name: (number, unit)} ---------------------


class Measurements:
    def __init__(self, folder, sizes, seconds, library_source):
        self.folder, self.sizes, self.seconds, self.library_source = folder, sizes, seconds, library_source

    def workload(self, name):
        return self.folder / name

    def bundle(self, tree, name, rules):
        size = tree.compile(self.workload(name)).stat().st_size
        return {f'bundle, {name}': (size / rules, 'B/rule')}

    def peak(self, tree, few, many):
        """`few` and `many` are workloads with so many rules."""
        request = tree.scratch / 'request.json'
        request.write_text((self.workload(f'tools-{few}') / 'requests.jsonl').read_text().split('\n', 1)[0])
        peaks = [int(run([sys.executable, '-S', '-c', PEAK, tree.writ, 'eval', '--policies',
                          tree.compile(self.workload(f'tools-{count}')), request])) for count in (few, many)]
        return {f'peak, tools-{many}': ((peaks[1] - peaks[0]) / (many - few), 'B/rule')}

    def load(self, tree, name):
        numbers = named_numbers(run([tree.driver, 'load', tree.compile(self.workload(name)), self.seconds]))
        return {f'load, {name}': (numbers['load'] / 1e6, 'ms')}

    def decide(self, tree, name, variants):
        numbers = named_numbers(run([tree.driver, 'decide', self.workload(name), self.bundle_of(tree, name), self.seconds, *variants]))
        return {f'{variant}, {name}': (number, 'ns') for variant, number in numbers.items()}

    def floor(self, tree, name, variants):
        numbers = named_numbers(run([tree.driver, 'floor', self.workload(name), self.seconds, *variants]))
        return {f'{variant}, {name}': (number, 'ns') for variant, number in numbers.items()}

    def admission(self, tree):
        report = json.loads(run([tree.build / 'bench' / 'writ_admission_bench', f'--benchmark_min_time={max(self.seconds, 0.001)}',
                                 '--benchmark_format=json']))
        scale = {'ns': 1, 'us': 1e3, 'ms': 1e6}
        return {', '.join(one['name'].split('/')[:2]): (one['cpu_time'] * scale[one['time_unit']], 'ns') for one in report['benchmarks']}

    def count(self, tree, name, variants):
        """Instructions of a decision. The driver's MeasuredPass is counted, and ReportPass ends a file."""
        out = tree.scratch / f'callgrind-{name}'
        decisions = named_numbers(run(['valgrind', '--quiet', '--tool=callgrind', f'--callgrind-out-file={out}',
                                       '--instr-atstart=no', '--toggle-collect=*MeasuredPass*', '--dump-before=*ReportPass*',
                                       tree.driver, 'count', self.workload(name), self.bundle_of(tree, name), *variants]))
        numbers = {}
        for i, variant in enumerate(variants, 1):
            counted = pathlib.Path(f'{out}.{i}')
            totals = counted.exists() and re.search(r'^totals: ([1-9]\d*)', counted.read_text(), re.M)
            if not totals:
                raise Failed(f'{variant}, {name}: nothing was counted; the driver needs valgrind/callgrind.h when it is compiled')
            numbers[f'{variant}, {name}, instructions'] = (int(totals[1]) / decisions[variant], '')
        return numbers

    def bundle_of(self, tree, name):
        return tree.compile_library(self.library_source) if name.startswith('review') else tree.compile(self.workload(name))


def plan(measure, sizes, instructions):
    """Pairs of a name and what is measured in a tree; names are what --only looks at."""
    small, medium, large, paths = (sizes[key] for key in ('small', 'medium', 'large', 'paths'))
    tools = [f'tools-{small}', f'tools-{large}']
    paths_of = [f'paths-{paths // 10}', f'paths-{paths}']
    reviews = ['review-1KB', 'review-9KB']
    steps = [(f'bundle {name}', lambda tree, name=name, rules=rules: measure.bundle(tree, name, rules))
             for name, rules in [(tools[1], large), (f'shared-{large}', large), (f'distinct-{large}', large), (paths_of[1], paths)]]
    steps.append((f'peak {tools[1]}', lambda tree: measure.peak(tree, workloads.FEW_TOOLS, large)))
    loads = [f'{guards}-{count}' for count in (medium, large) for guards in ('shared', 'distinct')] + [tools[1]] + paths_of
    steps += [(f'load {name}', lambda tree, name=name: measure.load(tree, name)) for name in loads]
    decided = [(name, (*VARIANTS, 'print')) for name in tools] + [(name, VARIANTS[:2]) for name in paths_of]
    decided += [(name, VARIANTS[:1]) for name in reviews]
    steps += [(f'decide {name}', lambda tree, name=name, variants=variants: measure.decide(tree, name, variants))
              for name, variants in decided]
    steps.append(('admission', measure.admission))
    if instructions:
        steps += [(f'count {name}', lambda tree, name=name, variants=variants: measure.count(tree, name, variants))
                  for name, variants in decided]
    return steps


# -- the table -----------------------------------------------------------------------------------


class Table:
    def __init__(self):
        self.rows, self.units, self.faults = {}, {}, []

    def add(self, column, numbers):
        """Keeps the best of each."""
        for name, (number, unit) in numbers.items():
            row = self.rows.setdefault(name, {})
            row[column] = min(number, row.get(column, number))
            self.units[name] = unit

    def measure(self, column, step, tree):
        try:
            self.add(column, step(tree))
        except Failed as fault:
            self.faults.append(f'{column}: {fault}')

    def print(self):
        width = max(map(len, self.rows), default=6)
        print(f'{"":{width}} {"":6} {"old":>12} {"new":>12} {"new/old":>8} {"floor":>10}')
        for name, row in self.rows.items():
            old, new, floor = (row.get(column) for column in ('old', 'new', 'floor'))
            ratio = f'{new / old:.3f}' if old and new is not None else '-'
            print(f'{name:{width}} {self.units[name]:6} {shown(old):>12} {shown(new):>12} {ratio:>8} {shown(floor, ""):>10}')


def shown(number, missing='-'):
    return missing if number is None else f'{number:,.1f}' if abs(number) < 10000 else f'{number:,.0f}'


def measure_all(arguments, scratch):
    sizes = QUICK_SIZES if arguments.quick else SIZES
    seconds = 0.0 if arguments.quick else arguments.seconds
    trees = [Tree(name, build, scratch, arguments.quick) for name, build in (('old', arguments.old), ('new', arguments.new))]
    print('compare: writing the workloads', file=sys.stderr)
    folder = scratch / 'workloads'
    workloads.write_all(folder, **sizes)
    measure = Measurements(folder, sizes, seconds, trees[0].source)
    table = Table()
    for name, step in plan(measure, sizes, arguments.instructions):
        if not re.search(arguments.only, name):
            continue
        print(f'compare: {name}', file=sys.stderr)
        kind, _, workload = name.partition(' ')
        once = arguments.quick or kind in ('bundle', 'count')  # these repeat exactly
        for turn in range(1 if once else arguments.rounds):
            for tree in trees if turn % 2 == 0 else reversed(trees):
                table.measure(tree.name, step, tree)
            if kind == 'decide' and workload.startswith('tools'):
                table.measure('floor', lambda tree, workload=workload: measure.floor(tree, workload, VARIANTS), trees[1])
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('old', type=pathlib.Path)
    parser.add_argument('new', type=pathlib.Path)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=0.5, help='of each timing in each round')
    parser.add_argument('--only', default='', metavar='REGEX')
    parser.add_argument('--instructions', action='store_true')
    parser.add_argument('--quick', action='store_true')
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='writ-compare-') as scratch:
        table = measure_all(arguments, pathlib.Path(scratch))
    table.print()
    for fault in table.faults:
        print(f'compare: {fault}', file=sys.stderr)
    return 1 if table.faults else 0


if __name__ == '__main__':
    os.environ['LC_ALL'] = 'C'
    sys.exit(main())
