#!/usr/bin/env python3
"""Nothing that a request repeats may cost more than it is long.

    tests/long/growth_test.py --writ build/release/writ [--only REGEX] [--jobs 2]

For each member of a request that may be repeated, one request with n of them and one with four times as many are decided under
callgrind. The second may take at most five times the instructions of the first, both less those of a request without any. Instructions
repeat to within a percent, so nothing here depends on how busy the machine is. What n is matters little: whatever is quadratic takes
sixteen times as many.

Needs valgrind. The last line printed is `N passed, N failed, N skipped`.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

MOST = 5.0  # times the instructions for four times as many: n log n is allowed, n² is not

TOOLS = '''package growth
policy tools for tools on server "s" {
  allow plain
  allow whole when args != {"other": 1} && !("zz" in args)
  allow ids when args.ids.size() >= 0 && !args.ids.exists(x, x == -1)
  allow same when args.ids == args.other
  allow joined when (args.text + args.text).size() > 1
  allow matched when !args.text.matches("needle[0-9]{3}$") && !args.text.contains("needle")
  allow number when int(args.text) == 0
  allow group* when "dev" in principal.groups
  allow role* when "ops" in principal.roles || "dev" in principal.roles
  allow scope* needs scope "missing"
  allow scope* needs scope "other"
  allow claim when principal.claims.team == "x" || principal.claims.size() >= 0
  allow actor when context.chain.depth >= 0 && !principal.actors.exists(a, a.id == "zz")
  allow unknown when args.k1 == 1 || args.deep.k2 == 2
  deny *never* when args.text == "x"
}
'''
ROWS = '''package growth
table notes {
  id: int
  order: int
  text: string
}
table orders {
  id: int
  text: string
  notes: many notes on notes.order = id
}
policy rows for rows of orders {
  allow when !row.notes.exists(n, n.text == "zz")
  mask text hash
}
'''
ADMISSION = '''package growth
signer release key "k.pub"
policy pods for admission of Pod {
  deny when object.metadata.labels.exists(k, k == "zz")
  deny when object == oldObject && object.metadata.name == "zz"
  deny when object.spec.containers.exists(c, c.name == "zz")
}
policy images for admission of ConfigMap {
  require image object.data.images.map(i, i) signed by release
  require image object.data.images.map(i, i) attested "https://t.example/v1" by release where predicate.ok == true
}
'''


def call(tool, **members):
    return {'server': 's', 'tool': tool, **members}


def names(count, prefix='n'):
    return [f'{prefix}{i}' for i in range(count)]


def config_map(images, facts):
    return {'target': 'admission', 'object': {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'x'}, 'data': {'images': images}},
            'facts': {'images': facts}}


def pod(labels, containers):
    def make(): return {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'x', 'labels': {name: 'v' for name in labels}},
                        'spec': {'containers': [{'name': name, 'image': 'i'} for name in containers]}}
    return {'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview',
            'request': {'uid': 'u', 'operation': 'UPDATE', 'kind': {'group': '', 'version': 'v1', 'kind': 'Pod'},
                        'userInfo': {'username': 'a', 'groups': ['g']}, 'object': make(), 'oldObject': make()}}


def attestation(about):
    return {'type': 'https://t.example/v1', 'signedBy': ['release'], 'about': about, 'predicate': {'ok': True}}


def fact(image, **rest):
    return {'image': image, 'signedBy': ['release'], **rest}


def text_of_keys(count):
    """A body that simdjson leaves to the slow scanner: the last character of it is a fault."""
    return json.dumps(call('plain', args={name: 1 for name in names(count)}))[:-1] + ', "args": 1}'


# name: policies, n, request with n of the member
MEMBERS = {
    'args members': (TOOLS, 2000, lambda n: call('whole', args={name: 1 for name in names(n)})),
    'args unread': (TOOLS, 4000, lambda n: call('plain', args={name: [1] for name in names(n)})),
    'args list': (TOOLS, 4000, lambda n: call('ids', args={'ids': list(range(n))})),
    'args lists compared': (TOOLS, 4000, lambda n: call('same', args={'ids': list(range(n)), 'other': list(range(n))})),
    'args maps compared': (TOOLS, 2000, lambda n: call('same', args={'ids': {k: 1 for k in names(n)}, 'other': {k: 1 for k in names(n)}})),
    'args text joined': (TOOLS, 100000, lambda n: call('joined', args={'text': 'x' * n})),
    'args text matched': (TOOLS, 50000, lambda n: call('matched', args={'text': 'needle12' * (n // 8)})),
    'args text as number': (TOOLS, 100000, lambda n: call('number', args={'text': '0' * n})),
    'args text escaped': (TOOLS, 20000, lambda n: call('plain', args={'text': '\U0001F600' * n})),
    'args nested lists': (TOOLS, 1000, lambda n: call('whole', args={'a': [[[1, 'x'], {'k': [2]}]] * n})),
    'duplicate key behind many': (TOOLS, 2000, text_of_keys),
    'list entries': (TOOLS, 500, lambda n: call_list(n)),
    'list entries with many groups': (TOOLS, 100, lambda n: call_list(n, groups=names(100))),
    'groups': (TOOLS, 2000, lambda n: call('group', principal={'groups': names(n)})),
    'groups of a listing': (TOOLS, 500, lambda n: call_list(50, groups=names(n))),
    'roles': (TOOLS, 2000, lambda n: call('role', principal={'roles': names(n)})),
    'scopes': (TOOLS, 2000, lambda n: call('scope', principal={'scopes': names(n)})),
    'scopes of a listing': (TOOLS, 500, lambda n: {'server': 's', 'list': names(50, 'scope'), 'principal': {'scopes': names(n)}}),
    'claims': (TOOLS, 2000, lambda n: call('claim', principal={'claims': {name: 1 for name in names(n)}})),
    'actors': (TOOLS, 1000, lambda n: call('actor', principal={'actors': [{'id': name, 'type': 'agent'} for name in names(n)]})),
    'unknown': (TOOLS, 2000, lambda n: call('unknown', args={'k1': 2}, unknown=['args.' + name for name in names(n)])),
    'unknown of a listing': (TOOLS, 500, lambda n: {'server': 's', 'list': names(50), 'unknown': ['args.' + name for name in names(n)]}),
    'name': (TOOLS, 60, lambda n: call('n' + 'never' * (n // 5))),
    'resource uri': (TOOLS.replace('for tools', 'for resources').replace('args', 'context'), 1000,
                     lambda n: {'target': 'resources', 'server': 's', 'resource': 'file:///' + 'never/' * (n // 6)}),
    'rows of a relation': (ROWS, 1000, lambda n: {'table': 'orders', 'row': {
        'id': 1, 'text': 't', 'notes': [{'id': i, 'order': 1, 'text': 't'} for i in range(n)]}}),
    'text of a masked column': (ROWS, 50000, lambda n: {'table': 'orders', 'row': {'id': 1, 'notes': [], 'text': 't' * n}}),
    'labels': (ADMISSION, 1000, lambda n: pod(names(n), ['c'])),
    'containers': (ADMISSION, 1000, lambda n: pod(['l'], names(n))),
    'facts.images': (ADMISSION, 1000, lambda n: config_map(['n1'], [fact(name) for name in names(n)])),
    'images with facts': (ADMISSION, 500, lambda n: config_map(names(n), [fact(name, attestations=[attestation('')]) for name in names(n)])),
    'images without facts': (ADMISSION, 500, lambda n: config_map(names(n), [])),
    'signers of a fact': (ADMISSION, 1000, lambda n: config_map(['i'], [fact('i', signedBy=names(n), refuted=names(n, 'r'))])),
    'attestations of parts': (ADMISSION, 500, lambda n: config_map(['i'], [fact('i', attestations=[attestation(a) for a in names(n)])])),
    'attestations of one part': (ADMISSION, 500, lambda n: config_map(['i'], [fact('i', attestations=[attestation('a')] * n)])),
}


REFUSED = ('duplicate key behind many',)  # what makes them refused is what is measured


def call_list(count, **principal):
    return {'server': 's', 'list': names(count, 'group'), 'principal': principal}


def instructions(command, **options):
    """Runs a command under callgrind; its instructions."""
    run = subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null'] + command, capture_output=True, text=True, **options)
    found = re.search(r'Collected\s*:\s*(\d+)', run.stderr)
    if not found:
        raise RuntimeError(f'no figure of callgrind: {run.stderr[-500:]}')
    return int(found.group(1)), run.stdout


def decide(writ, folder, name, policies, request):
    stem = os.path.join(folder, re.sub(r'\W', '_', name))
    text = request if isinstance(request, str) else json.dumps(request)
    for path, content in ((stem + '.writ', policies), (stem + '.json', text)):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(content)
    return instructions([writ, 'eval', '--format', 'json', '--policies', stem + '.writ', stem + '.json'])


def measure(writ, folder, name):
    """Instructions for none (nearly), n and 4n."""
    policies, count, make = MEMBERS[name]
    figures = []
    for factor in (0, 1, 4):
        figure, output = decide(writ, folder, f'{name} {factor}', policies, make(factor * count or 1))
        if '"budget"' in output or '"effect"' not in output or ('bad_request' in output and name not in REFUSED):
            raise RuntimeError(f'not decided with {factor * count}: {output[:300]}')
        figures.append(figure)
    return figures


def serve(writ, folder, entries):
    """Instructions of a server that decides one list of so many requests."""
    policies = os.path.join(folder, f'serve{entries}.writ')
    with open(policies, 'w', encoding='utf-8') as file:
        file.write(TOOLS)
    command = ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', writ, 'serve', '--policies', policies, '--plain-http',
               '--listen', '127.0.0.1:0', '--log-level', 'error']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = re.search(r'http://\S+', process.stdout.readline()).group(0)
        body = json.dumps([call('ids', args={'ids': list(range(50))})] * entries).encode()
        ask = urllib.request.Request(url + '/v1/decide?timeout=600s', body, {'Content-Type': 'application/json'})
        with urllib.request.urlopen(ask) as reply:
            decided = [decision['effect'] for decision in json.load(reply)]
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()
    if decided != ['allow'] * entries:
        raise RuntimeError(f'not all were allowed: {decided}')
    return int(re.search(r'Collected\s*:\s*(\d+)', errors).group(1))


def report(name, figures):
    none, once, four = figures
    ratio = (four - none) / max(once - none, 1)
    good = ratio <= MOST
    print(f'{"ok" if good else "FAILED"}: {name}: {(once - none) / 1e6:.1f} M and {(four - none) / 1e6:.1f} M instructions: {ratio:.2f} times', flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--writ', required=True)
    parser.add_argument('--only', default='')
    parser.add_argument('--jobs', type=int, default=2)
    options = parser.parse_args()
    cases = [name for name in list(MEMBERS) + ['entries of a list of requests'] if re.search(options.only, name)]
    if not shutil.which('valgrind'):
        print(f'skipped: growth: valgrind is not installed\n0 passed, 0 failed, {len(cases)} skipped')
        return 0
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        def run(name):
            if name in MEMBERS:
                return measure(options.writ, folder, name)
            return [serve(options.writ, folder, entries) for entries in (1, 50, 200)]
        futures = {name: pool.submit(run, name) for name in cases}
        for name, future in futures.items():
            try:
                good = report(name, future.result())
            except RuntimeError as error:
                print(f'FAILED: {name}: {error}', flush=True)
                good = False
            passed, failed = passed + good, failed + (not good)
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
