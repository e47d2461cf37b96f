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


def check_signatures(writ, folder):
    """policies/signatures: its exceptions come from a file when the two lines of its head are written; images.writ is complete by itself."""
    with open(os.path.join(ROOT, 'policies', 'signatures', 'images.writ'), encoding='utf-8') as f:
        text = f.read()
    alone = os.path.join(folder, 'alone')
    edited = os.path.join(folder, 'edited')
    for path, body in ((alone, text), (edited, re.sub(r'\n// +import data exceptions\n// +let exceptions = .*\n.*\n',
                                                           '\nimport data exceptions\nlet exceptions = data.exceptions\n', text))):
        os.mkdir(path)
        with open(os.path.join(path, 'images.writ'), 'w', encoding='utf-8') as f:
            f.write(body)
    exception = {'kind': 'Pod', 'namespace': 'n', 'name': 'a', 'rule': 'signed_images.containers', 'owner': 'ann', 'reason': 'OPS-1', 'until': '2026-06-30'}

    def decide(policies, data, at='2026-01-01T00:00:00Z', **change):
        with open(os.path.join(edited, 'exceptions.json'), 'w', encoding='utf-8') as f:
            json.dump(data, f)
        pod = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': dict({'name': 'a', 'namespace': 'n'}, **change), 'spec': {'containers': [{'name': 'c', 'image': 'r.test/x:1'}]}}
        path = os.path.join(folder, 'pod.json')
        with open(path, 'w', encoding='utf-8') as f:
            json.dump(pod, f)
        run = subprocess.run([writ, 'eval', '--policies', policies, '--format', 'json', '--at', at, path], capture_output=True, text=True)
        out = json.loads(run.stdout or '{"effect": "none"}')
        return out[0] if isinstance(out, list) else out
    plain, excepted = decide(alone, {}), decide(edited, {'exceptions': [exception]})
    check('images.writ is complete by itself', [] if plain['effect'] == 'deny' else [plain])
    check('an exception from signed_images lets its object pass, with a note',
          [] if excepted['effect'] == 'allow' and 'OPS-1 (ann)' in json.dumps(excepted.get('notes')) else [excepted])
    late = decide(edited, {'exceptions': [exception]}, at='2026-07-01T00:00:00Z')
    check('... until it ends, which is said', [] if late['effect'] == 'deny' and 'have ended' in json.dumps(late['warnings']) else [late])
    soon = decide(edited, {'exceptions': [exception]}, at='2026-06-25T00:00:00Z')
    check('... and said before', [] if soon['effect'] == 'allow' and 'within 14 days' in json.dumps(soon['warnings']) else [soon])
    for name, value in (('until', 'never'), ('owner', ''), ('name', '*'), ('reason', 7)):
        bad = decide(edited, {'exceptions': [dict(exception, **{name: value})]})
        said = name == 'name' or 'do not count' in json.dumps(bad['warnings'])
        check('... not with %s %r' % (name, value), [] if bad['effect'] == 'deny' and said else [bad])
    for change in ({'name': 'b'}, {'namespace': 'm'}):
        other = decide(edited, {'exceptions': [exception]}, **change)
        check('... and no other %s' % list(change)[0], [] if other['effect'] == 'deny' else [other])


def check_severities(runs, cases, rules, plain):
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


def check_exceptions(writ, folder, cases, plain):
    # Two objects for each rule: an object's exceptions are looked for in the list of all.
    chosen, seen = [], {}
    for n, d in enumerate(plain):
        if cases[n][1].get('metadata', {}).get('name') and any(seen.get(rule, 0) < 2 for rule in denied(d)):
            chosen.append(n)
            seen.update((rule, seen.get(rule, 0) + 1) for rule in denied(d))
    exceptions = [{'kind': cases[n][1]['kind'], 'namespace': 'n%d' % number, 'name': cases[n][1]['metadata']['name'], 'rule': rule,
                   'owner': 'o', 'reason': 'r', 'until': '2026-12-31'} for number, n in enumerate(chosen) for rule in denied(plain[n])]
    faults = []
    for n, d in zip(chosen, Runs(writ, folder, [cases[n] for n in chosen]).decide({}, {'exceptions': exceptions})):
        notes = json.dumps(d.get('notes', {}))
        if d['effect'] != 'allow':
            faults.append('%s: refused by %s in spite of exceptions' % (cases[n][0], denied(d)))
        elif not failed(plain[n]) and not all(rule in notes for rule in denied(plain[n])):
            faults.append('%s: no note of %s' % (cases[n][0], denied(plain[n])))
    check('with exceptions, each object is allowed, with a note of them (%d exceptions)' % len(exceptions), faults)


def can_grow(manifest):
    if manifest['kind'] not in SCALED or not manifest['apiVersion'].startswith('toolhive.stacklok.dev/') or not isinstance(manifest.get('spec'), dict):
        return False
    replicas = manifest['spec'].get('replicas', 1)
    return replicas is None or (type(replicas) is int and replicas != 0)


def check_growth(writ, folder, cases, plain):
    scaled = [(n, case) for n, case in enumerate(cases) if can_grow(case[1])]
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
        check('each denial has a case',
              sorted(rule for rule, verb in rules.items() if verb == 'deny' and not any(rule in denied(d) for d in plain)))
        check_severities(runs, cases, rules, plain)
        check_exceptions(writ, folder, cases, plain)
        check_growth(writ, folder, cases, plain)
        check_signatures(writ, folder)
    print('%(passed)d passed, %(failed)d failed, %(skipped)d skipped' % counts)
    return 1 if counts['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
