#!/usr/bin/env python3
"""Severities, exceptions and growth updates hold for every rule of policies/toolhive: what its own tests refuse is refused, warned of, excepted
and tolerated under the same names. So no rule is left out of the lists of findings, and no list names a rule that is none.

    tests/cli/library_test.py --writ build/dev/writ

Closes with `N passed, N failed, N skipped`.
"""

import argparse
import ast
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBRARY = os.path.join(ROOT, 'policies', 'toolhive')
SCALED = ('MCPServer', 'MCPRemoteProxy', 'VirtualMCPServer', 'EmbeddingServer')
OWN = ('library_settings', 'library_exceptions', 'library_severities', 'growth')  # policies that are about rules, not about objects
WORDS = {'true': 'True', 'false': 'False', 'null': 'None'}
counts = {'passed': 0, 'failed': 0, 'skipped': 0}


def check(name, faults):
    counts['failed' if faults else 'passed'] += 1
    if faults:
        print('FAIL  ' + name)
        for fault in faults[:40]:
            print('        ' + str(fault))
        if len(faults) > 40:
            print('        and %d more' % (len(faults) - 40))


def balanced(text, start):
    """The end of the map that begins at `start`; strings are skipped."""
    depth, at = 0, start
    while True:
        c = text[at]
        if c in '"\'':
            at += 1
            while text[at] != c:
                at += 2 if text[at] == '\\' else 1
        elif c in '{[':
            depth += 1
        elif c in '}]':
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1


def constant(text):
    """A CEL map of constants. None where it is more than that (a name, a raw string)."""
    words = lambda m: m.group(0) if m.group(1) is None else WORDS.get(m.group(1), m.group(1))
    try:
        return ast.literal_eval(re.sub(r'''"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\b(true|false|null)\b''', words, re.sub(r'^\s*//.*$', '', text, flags=re.M)))
    except (SyntaxError, ValueError):
        return None


def read_cases():
    """-> [(place, object)] of the `admit create` cases."""
    cases, left = [], 0
    for path in sorted(glob.glob(os.path.join(LIBRARY, '*.writ'))):
        with open(path, encoding='utf-8') as f:
            text = f.read()
        for match in re.finditer(r'^\s*admit create (?=\{)', text, re.M):
            obj = constant(text[match.end():balanced(text, match.end())])
            if obj is None:
                left += 1
            else:
                cases.append(('%s:%d' % (os.path.basename(path), text.count('\n', 0, match.end()) + 1), obj))
    return cases, left


def read_rules():
    """-> {POLICY.RULE: verb} as the policies have them, and as the findings name them."""
    rules, findings = {}, {}
    for path in sorted(glob.glob(os.path.join(LIBRARY, '*.writ'))):
        with open(path, encoding='utf-8') as f:
            text = re.sub(r'^\s*//.*$', '', f.read().split('\ntest "')[0], flags=re.M)
        policy = ''
        for match in re.finditer(r'^policy (\w+)|@id\("([^"]+)"\).*\n\s*(\w+)', text, re.M):
            if match.group(1):
                policy = match.group(1)
            elif policy not in OWN:
                rules[policy + '.' + match.group(2)] = 'deny' if match.group(3) == 'require' else match.group(3)
        for match in re.finditer(r'\{"rule": "([^"]+)", "does": "(\w+)"', text):
            findings[match.group(1)] = match.group(2)
    return rules, findings


class Runs:
    def __init__(self, writ, folder, cases):
        self.writ, self.folder, self.number = writ, folder, 0
        self.cases = cases

    def file(self, name, text):
        self.number += 1
        path = os.path.join(self.folder, '%d-%s' % (self.number, name))
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        return path

    def decide(self, settings, exceptions, grow=False):
        """The decision of each case, under these data; with `grow` of an update that raises its replicas to what it has."""
        reviews = []
        for number, (_, obj) in enumerate(self.cases):
            group, version = obj['apiVersion'].split('/')
            request = {'uid': 'u', 'operation': 'CREATE', 'kind': {'group': group, 'version': version, 'kind': obj['kind']},
                       'resource': {'group': group, 'version': version, 'resource': obj['kind'].lower() + 's'},
                       'namespace': 'n%d' % number, 'name': obj.get('metadata', {}).get('name', ''), 'userInfo': {'username': 'test'}, 'object': obj}
            if grow:
                old = json.loads(json.dumps(obj))
                old['spec']['replicas'] = (old['spec'].get('replicas') or 1) - 1
                request.update(operation='UPDATE', oldObject=old)
            reviews.append(json.dumps({'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview', 'request': request}))
        command = [self.writ, 'eval', '--policies', LIBRARY, '--format', 'json', '--at', '2026-01-01T00:00:00Z',
                   '--data', 'settings=' + self.file('settings.json', json.dumps(settings)),
                   '--data', 'exceptions=' + self.file('exceptions.json', json.dumps(exceptions)), self.file('reviews.yaml', '\n---\n'.join(reviews))]
        run = subprocess.run(command, capture_output=True, text=True)
        try:
            decisions = json.loads(run.stdout)
        except ValueError:
            sys.exit('writ eval: exit code %d\n%s' % (run.returncode, run.stderr[-3000:]))
        decisions = decisions if isinstance(decisions, list) else [decisions]
        assert len(decisions) == len(self.cases), (len(decisions), len(self.cases))
        return decisions


def denied(decision):
    return sorted({r['policy'] + '.' + r['rule'] for r in decision['rules'] if decision['effect'] == 'deny'})


def failed(decision):
    return any(r.get('outcome') == 'error' for r in decision['rules'])


def named(texts, prefix):
    """The rules that a message of the library lists."""
    rules = []
    for text in texts:
        if text.startswith(prefix):
            rules += json.loads(text[text.index('['):text.index(']') + 1])
    return sorted(rules)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--writ', required=True)
    writ = os.path.abspath(parser.parse_args().writ)
    cases, left = read_cases()
    rules, findings = read_rules()
    check('the cases of the library can be read', [] if len(cases) > 300 and left < len(cases) / 20 else [(len(cases), left)])
    check('each rule is in a list of findings, with what it does', sorted(set(rules.items()) ^ set(findings.items())))

    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(writ, folder, cases)
        plain = runs.decide({}, {})
        never = sorted(rule for rule, verb in rules.items() if verb == 'deny' and not any(rule in denied(d) for d in plain))
        check('each denial has a case', never)

        softened = runs.decide({'severities': {rule: 'warn' for rule, verb in rules.items() if verb == 'deny'}}, {})
        faults = []
        for (place, _), one, other in zip(cases, plain, softened):
            if other['effect'] != 'allow':
                faults.append('%s: %s' % (place, denied(other)))
            elif not failed(one) and named(other['warnings'], 'set to warn') != denied(one):
                faults.append('%s: refused by %s, warned of %s' % (place, denied(one), named(other['warnings'], 'set to warn')))
        check('set to warn, each object is allowed, with a warning of what refuses it', faults)

        silent = runs.decide({'severities': {rule: 'off' for rule in rules}}, {})
        check('set to off, each object is allowed without a word',
              ['%s: %s' % (place, d['messages'] + d['warnings']) for (place, _), d in zip(cases, silent) if d['effect'] != 'allow' or d['warnings']])

        hardened = runs.decide({'severities': {rule: 'deny' for rule, verb in rules.items() if verb == 'warn'}}, {})
        faults = []
        for (place, _), one, other in zip(cases, plain, hardened):
            raised = named(other['messages'], 'set to deny')
            if not failed(one) and not failed(other) and bool(one['warnings']) != bool(raised):
                faults.append('%s: warns %s, refused by %s' % (place, one['warnings'], raised))
        check('set to deny, what warns refuses', faults)

        exceptions = [{'kind': obj['kind'], 'namespace': 'n%d' % number, 'name': obj['metadata']['name'], 'rule': rule, 'owner': 'o', 'reason': 'r',
                       'until': '2026-12-31'}
                      for number, ((_, obj), d) in enumerate(zip(cases, plain)) if obj.get('metadata', {}).get('name') for rule in denied(d)]
        # An object's exceptions go through the list of all: the list is as long as one of a large fleet at most.
        faults = []
        for begin in range(0, len(exceptions), 200):
            part = exceptions[begin:begin + 200]
            spaces = {e['namespace'] for e in part}
            chosen = [n for n in range(len(cases)) if 'n%d' % n in spaces]
            some = Runs(writ, folder, [cases[n] for n in chosen])
            for e in part:
                e['namespace'] = 'n%d' % chosen.index(int(e['namespace'][1:]))
            # Rules of one object may stand on both sides of the cut.
            for number, d in enumerate(some.decide({}, {'exceptions': part})):
                covered = {e['rule'] for e in part if e['namespace'] == 'n%d' % number}
                rest = sorted(set(denied(plain[chosen[number]])) - covered)
                if denied(d) != rest:
                    faults.append('%s: refused by %s in spite of exceptions' % (cases[chosen[number]][0], denied(d)))
                elif not failed(plain[chosen[number]]) and not any(all(rule in n for rule in covered) for n in [json.dumps(d.get('notes', {}))]):
                    faults.append('%s: no note of %s' % (cases[chosen[number]][0], covered))
        check('with exceptions, each object is allowed, with a note of them (%d exceptions)' % len(exceptions), faults)

        scaled = [(n, case) for n, case in enumerate(cases) if case[1]['kind'] in SCALED and case[1]['apiVersion'].startswith('toolhive.stacklok.dev/')
                  and isinstance(case[1].get('spec'), dict) and type(case[1]['spec'].get('replicas', 1) or 1) is int and case[1]['spec'].get('replicas') != 0]
        numbers = {'stdio_replicas.backend-replicas', 'stdio_replicas.replicas', 'shared_sessions.session-store'}
        grown = Runs(writ, folder, [case for _, case in scaled])
        faults = []
        for (n, (place, _)), d in zip(scaled, grown.decide({'growth': 'warn'}, {}, grow=True)):
            if set(denied(d)) != set(denied(plain[n])) & numbers:
                faults.append('%s: refused by %s' % (place, denied(d)))
            elif not failed(plain[n]) and named(d['warnings'], 'raises the replicas') != denied(plain[n]):
                faults.append('%s: refused by %s, warned of %s' % (place, denied(plain[n]), named(d['warnings'], 'raises the replicas')))
        check('raising replicas warns of what refuses the object (%d objects)' % len(scaled), faults)
        check('... and is refused for it with growth: deny',
              ['%s: refused by %s, of %s' % (place, denied(d), denied(plain[n]))
               for (n, (place, _)), d in zip(scaled, grown.decide({'growth': 'deny'}, {}, grow=True)) if denied(d) != denied(plain[n])])
    print('%(passed)d passed, %(failed)d failed, %(skipped)d skipped' % counts)
    return 1 if counts['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
