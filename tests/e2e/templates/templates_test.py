#!/usr/bin/env python3
"""No pod template that the policy library accepts weakens the pod it is for:
templates_test.py --writ PROGRAM --apply PROGRAM --work FOLDER [--policies FOLDER] [--count N] [--seed N] [--list FILE]

For each kind with a pod template, pods/KIND.json holds an object that the library accepts and the pod that ToolHive 0.63 makes of it, written
down by hand from the function that it names (the operator's module needs a newer Go and many others to be built here). Templates are those of the library's own tests, good ones and hostile ones (corpus.py). Each is applied to
the pod, by Kubernetes' own library where ToolHive uses that (apply/), and the two pods are compared (weaknesses.py). A template that weakens is
put into the object, and `writ eval` has to deny it. Good ones have to be accepted and weaken nothing. So that this says something, every kind
has to have so many templates that weaken, of each category (BITES).
Closes with `N passed, N failed, N skipped`.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys

import corpus
from weaknesses import weaknesses

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, '../../..'))
KINDS = ('EmbeddingServer', 'MCPRegistry', 'MCPRemoteProxy', 'MCPServer', 'VirtualMCPServer')
GROUP = 'toolhive.stacklok.dev/'
DOCUMENTS = 1000  # in one file


class Unusable(Exception):
    """Something that the test needs is not there or does not work."""


def fail(message):
    raise Unusable(message)


class Kind:
    def __init__(self, name):
        path = os.path.join(HERE, 'pods', name + '.json')
        try:
            with open(path, encoding='utf-8') as file:
                read = json.load(file)
            self.name, self.container, self.by, self.object, self.pod = name, read['container'], read['applied_by'], read['object'], read['pod']
        except (OSError, ValueError, KeyError) as error:
            fail('%s: %r; each of %s needs its pod there' % (os.path.relpath(path, ROOT), error, ', '.join(KINDS)))


class Case:
    def __init__(self, kind, source, template, version):
        self.kind, self.source, self.template, self.version = kind, source, template, version
        self.error, self.weak = None, []
        self.denied = None  # by which rules; asked for good templates and those that weaken

    def manifest(self):
        made = dict(self.kind.object, apiVersion=GROUP + self.version)
        return dict(made, spec=dict(made['spec'], podTemplateSpec=self.template))


def cases_of(kind, tests, seed, count):
    """Each template once; the two versions take turns, since the library has to treat them alike."""
    sources = [('good', template) for template in corpus.good(kind.container)]
    sources += [(where, corpus.for_container(template, kind.container)) for where, template in tests]
    sources += [('generated', template) for template in corpus.hostile(kind.pod, kind.container, seed, count)]
    seen, made = set(), []
    for source, template in sources:
        text = json.dumps(template, sort_keys=True)
        if text not in seen:
            seen.add(text)
            made.append(Case(kind, source, template, 'v1beta1' if len(made) % 2 else 'v1alpha1'))
    return made


def output_of(command, text, statuses):
    done = subprocess.run(command, input=text.encode(), capture_output=True)
    if done.returncode not in statuses:
        fail('%s: exit status %d\n%s' % (' '.join(command), done.returncode, (done.stderr or done.stdout).decode()[-2000:]))
    return done.stdout.decode()


def judge(program, policies, manifests, work):
    """Per manifest, None or the rules that deny it. Two programs at a time."""
    def part(start):
        asked = manifests[start:start + DOCUMENTS]
        path = os.path.join(work, 'manifests%d.json' % start)
        with open(path, 'w', encoding='utf-8') as file:
            file.writelines(json.dumps(manifest) + '\n' for manifest in asked)
        output = output_of([program, 'eval', '--policies', policies, '--format', 'json', path], '', (0, 1))
        decisions = json.loads(output if len(asked) > 1 else '[%s]' % output)
        if [decision['document']['line'] for decision in decisions] != list(range(1, len(asked) + 1)):
            fail('writ eval gave %d decisions on %d manifests' % (len(decisions), len(asked)))
        return [None if d['effect'] == 'allow' else ['%s.%s' % (rule['policy'], rule['rule']) for rule in d['rules']] for d in decisions]

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [verdict for verdicts in pool.map(part, range(0, len(manifests), DOCUMENTS)) for verdict in verdicts]


def apply(program, cases):
    text = ''.join(json.dumps({'by': c.kind.by, 'container': c.kind.container, 'pod': c.kind.pod, 'template': c.template}) + '\n' for c in cases)
    answers = [json.loads(line) for line in output_of([program], text, (0,)).splitlines()]
    if len(answers) != len(cases):
        fail('%s gave %d answers to %d templates' % (program, len(answers), len(cases)))
    bases = {}
    for case, answer in zip(cases, answers):
        case.error = answer.get('error')
        if case.template == {}:
            bases[case.kind] = answer['pod']
        if (case.error or '').startswith('panic'):
            case.weak = [('panic', 'template', case.error)]
        if case.error is None:
            case.weak = weaknesses(case.kind.name, case.kind.container, bases[case.kind], answer['pod'])


# So many templates at least weaken a pod so, where no library stops them. For the enforcing
# containers more counts than for an MCPServer's backend, and a patch reaches more than ToolHive's
# own merge of an MCPRegistry.
BITES_ALL = {'container': 2, 'host namespaces': 5, 'host port': 6, 'lifecycle': 3, 'metadata': 2, 'names': 5, 'node volume': 15, 'placement': 1,
             'pod security': 20, 'probe': 10, 'process namespace': 1, 'security': 80, 'service account': 2, 'token': 2}
BITES_ENFORCING = {'args': 8, 'command': 3, 'env': 50, 'env from': 3, 'image': 10, 'mount': 50, 'port': 10, 'termination': 4, 'volume': 1,
                   'working directory': 2}
BITES_PATCH = {'container': 15, 'env': 100, 'image': 12, 'metadata': 25}
BITES_VOLUMES = {'env': 200, 'mount': 100, 'panic': 5, 'pull policy': 1, 'volume': 120}
BITES = {
    'EmbeddingServer': {**BITES_ALL, **BITES_ENFORCING, **BITES_PATCH},
    'MCPRegistry': {**BITES_ALL, **BITES_ENFORCING},
    'MCPRemoteProxy': {**BITES_ALL, **BITES_ENFORCING, **BITES_PATCH, **BITES_VOLUMES},
    'MCPServer': BITES_ALL,
    'VirtualMCPServer': {**BITES_ALL, **BITES_ENFORCING, **BITES_PATCH, **BITES_VOLUMES},
}


def toothless(counts):
    """The kinds and categories that too few templates attack: the comparison or the corpus has lost something."""
    return ['FAIL %s: %d templates weaken it (%s), at least %d have to' % (kind, counts[kind, category], category, least)
            for kind, categories in BITES.items() for category, least in categories.items() if counts[kind, category] < least]


def report(cases, shown):
    """Prints failures, the smallest template of each weakness first. Returns their number."""
    failures = 0
    worst = {}
    for case in cases:
        if case.source == 'good' and (case.denied is not None or case.error or case.weak):
            failures += 1
            print('FAIL good template, %s: %s\n  %s' % (case.kind.name, case.denied or case.error or case.weak, json.dumps(case.template)))
        elif case.denied is None and case.weak:
            failures += 1
            for category, member, why in case.weak:
                text = json.dumps(case.template)
                key = (case.kind.name, category, member)
                if key not in worst or len(text) < len(worst[key][0]):
                    worst[key] = (text, case.source, why)
    for (kind, category, member), (text, source, why) in sorted(worst.items())[:shown]:
        print('FAIL accepted, %s, %s (%s): %s: %s\n  %s' % (kind, category, source, member, why, text))
    if len(worst) > shown:
        print('… and %d more members' % (len(worst) - shown))
    return failures, worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--writ', required=True)
    parser.add_argument('--apply', required=True)
    parser.add_argument('--work', required=True)
    parser.add_argument('--policies', default=os.path.join(ROOT, 'policies/toolhive'))
    parser.add_argument('--count', type=int, default=1000)
    parser.add_argument('--seed', type=int, default=20261130)
    parser.add_argument('--shown', type=int, default=40)
    parser.add_argument('--list')
    options = parser.parse_args()
    kinds = [Kind(name) for name in KINDS]
    for kind, denied in zip(kinds, judge(options.writ, options.policies, [kind.object for kind in kinds], options.work)):
        if denied:
            fail('the library denies pods/%s.json before it has a template (%s): mend the object' % (kind.name, ', '.join(denied)))
    tests, odd = corpus.of_tests(os.path.join(ROOT, 'policies'))
    if len(tests) < 100 or len(odd) > len(tests) // 20:
        fail('found %d templates in the tests of policies/, and %d objects that are not made of literals: %s' % (len(tests), len(odd), odd[:3]))
    cases = [case for kind in kinds for case in cases_of(kind, tests, options.seed, options.count)]
    apply(options.apply, cases)
    asked = [case for case in cases if case.weak or case.source == 'good']
    for case, denied in zip(asked, judge(options.writ, options.policies, [case.manifest() for case in asked], options.work)):
        case.denied = denied
    counts = collections.Counter((case.kind.name, category) for case in cases for category in {category for category, _, _ in case.weak})
    for kind in KINDS:
        of_kind = [case for case in cases if case.kind.name == kind]
        print('%s: %d templates, of %d of which ToolHive makes no pod, %d weaken: %s' % (
            kind, len(of_kind), sum(case.error is not None for case in of_kind), sum(case.weak != [] for case in of_kind), ', '.join('%s %d' % (c, n) for (k, c), n in sorted(counts.items()) if k == kind)))
    failures, worst = report(cases, options.shown)
    for line in toothless(counts):
        print(line)
        failures += 1
    if options.list:
        with open(options.list, 'w', encoding='utf-8') as file:
            json.dump([[*key, *value] for key, value in sorted(worst.items())], file)
    rows = len(cases) + sum(map(len, BITES.values()))
    print('%d passed, %d failed, 0 skipped' % (rows - failures, failures))
    sys.exit(failures > 0)


try:
    main()
except (Unusable, json.JSONDecodeError) as reason:  # the second: a program answers with something else
    print('templates_test.py: %s' % reason)
    print('0 passed, 1 failed, 0 skipped')
    sys.exit(1)
