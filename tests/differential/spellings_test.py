#!/usr/bin/env python3
"""Spellings of URIs against what servers make of them.

    tests/differential/spellings_test.py --writ build/dev/writ [--count N] [--seed N]

Builds a corpus of spellings of URIs that patterns deny, and asks parsers what each resolves to: Python's `urlsplit` and `unquote`, and,
where they are installed, node's `URL` and `fileURLToPath` and pydantic's `AnyUrl` (the MCP SDKs for Python and TypeScript use them).
  * What any of them resolves to a denied resource is denied, though everything is allowed besides.
  * What is not refused is written as each of them would write it.
Closes with `N passed, N failed, N skipped`; a case is a resolver.
"""

import argparse
import json
import os
import posixpath
import random
import shutil
import subprocess
import sys
import tempfile
from urllib.parse import unquote, urlsplit

# URI -> the pattern that denies it
DENIED = {
    'file:///srv/secret.txt': 'file:///srv/secret.txt',
    'file:///srv/.git/config': '**/.git/**',
    'file:///srv/a/b/key.pem': 'file:///srv/**/key.pem',
    'file:///srv/a b/\u00e9.txt': 'file:///srv/a%20b/*',
    'https://api.example/admin/x': 'https://api.example/admin/**',
    'https://internal.example/x': 'https://internal.example/**',
    'https://internal.example:8443/': 'https://internal.example:8443/**',
    'http://127.0.0.1/x': 'http://127.0.0.1/**',
    'http://[::1]/x': 'http://[::1]/**',
    'https://b\u00fccher.example/x': 'https://xn--bcher-kva.example/**',
    'db://main/secret': 'db://main/secret',
    'notes://static/secret/x': 'notes://static/secret/*',
    'urn:secret:x': 'urn:secret:*',
}
DEFAULT_PORTS = {'http': 80, 'https': 443, 'ws': 80, 'wss': 443, 'ftp': 21}

NODE = r'''
const {fileURLToPath} = require('url'), posix = require('path').posix;
function resolve(text) {
  let url;
  try { url = new URL(text); } catch (e) { return null; }
  const paths = [];
  if (url.protocol === 'file:') try { paths.push(fileURLToPath(url)); } catch (e) {}
  try { paths.push(decodeURIComponent(url.pathname)); } catch (e) {}
  return {href: url.href, scheme: url.protocol.slice(0, -1), host: url.hostname.toLowerCase(), port: url.port, query: url.search,
          paths: paths.map(path => posix.normalize(path))};
}
console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8')).map(resolve)));
'''


def identity(scheme, host, port, path, query):
    """What a server opens: of a file its path, of everything else all that the text says."""
    path = posixpath.normpath(path) if path else ''
    path = '/' + path.lstrip('/') if path.startswith('/') else path
    if scheme == 'file':
        return ('file', path)
    return (scheme, host, None if port == DEFAULT_PORTS.get(scheme) else port, '' if path == '/' else path, query)


def of_python(text):
    try:
        parts = urlsplit(text)
        return [identity(parts.scheme, (parts.hostname or '').rstrip('.'), parts.port, unquote(parts.path), parts.query)]
    except ValueError:
        return []


def with_python(corpus):
    return [(None, of_python(text)) for text in corpus]


def with_node(corpus):
    done = subprocess.run(['node', '-e', NODE], input=json.dumps(corpus), capture_output=True, text=True, check=True)
    for found in json.loads(done.stdout):
        if found is None:
            yield None, []
            continue
        port = int(found['port']) if found['port'] else None
        host = found['host'].rstrip('.')
        yield found['href'], [identity(found['scheme'], host, port, path, found['query'][1:]) for path in found['paths']]


def with_pydantic(corpus):
    from pydantic import AnyUrl, TypeAdapter, ValidationError
    adapter = TypeAdapter(AnyUrl)
    for text in corpus:
        try:
            written = str(adapter.validate_python(text))
        except ValidationError:
            yield None, []
            continue
        yield written, of_python(written)


def has_pydantic():
    try:
        import pydantic
        return int(pydantic.VERSION.split('.')[0]) >= 2
    except ImportError:
        return False


def escape(char, rng):
    text = ''.join('%%%02X' % byte for byte in char.encode())
    return rng.choice([text, text.lower(), text.replace('%', '%25'), text.lower().replace('%', '%25')])


def change_character(uri, rng):
    at = rng.randrange(len(uri))
    return uri[:at] + escape(uri[at], rng) + uri[at + 1:]


def insert(uri, rng, pieces):
    at = rng.choice([0, len(uri), rng.randrange(len(uri) + 1)])
    return uri[:at] + rng.choice(pieces) + uri[at:]


def change_slash(uri, rng):
    slashes = [i for i, c in enumerate(uri) if c == '/']
    if not slashes:
        return uri
    at = rng.choice(slashes)
    piece = rng.choice(['\\', '//', '///', '%2F', '%2f', '%5C', '%252F', '/./', '/x/../', '/%2e/', '/x/%2E./', '/.%2e/', '/x/.\t./', '/..;/',
                        '/x/..%2F', '/x%2F..%2F', '/;/', '/\u2215', '\uff0f'])
    return uri[:at] + piece + uri[at + 1:]


def change_authority(uri, rng):
    begin = uri.find('://') + 3
    if begin < 3:
        return uri
    end = uri.find('/', begin)
    end = len(uri) if end < 0 else end
    host = uri[begin:end]
    host = rng.choice([
        'u@' + host, 'u:p@' + host, '@' + host, ':@' + host, 'u%40@' + host, 'a@b@' + host, 'u;x@' + host, host + ':443', host + ':80', host + ':',
        host + ':0080', host + '.', host + '..', host.upper(), host.title(), host.replace('.', '\u3002'), host.replace('e', '\uff45'),
        host.replace('a', '\u00ad' + 'a'), 'localhost', 'other', '127.1', '0x7f.0.0.1', '2130706433', '127.0.0.01', '[0:0:0:0:0:0:0:1]', '[::0001]',
        '[::1]', 'B\u00dcCHER.example', 'xn--BCHER-kva.example', host + '%2F', '%75@' + host, host + '\\', host + '?', host + '#',
    ])
    return uri[:begin] + host + uri[end:]


def change_scheme(uri, rng):
    scheme, _, rest = uri.partition(':')
    return rng.choice([scheme.upper(), scheme.title(), scheme + '\t', scheme]) + ':' + rng.choice([
        rest, rest.lstrip('/'), '/' + rest.lstrip('/'), '////' + rest.lstrip('/'), '//' + rest, '\\\\' + rest.lstrip('/'), '///' + rest.lstrip('/')])


CHANGES = [
    change_character, change_character, change_slash, change_slash, change_authority, change_scheme,
    lambda uri, rng: insert(uri, rng, ['\t', '\n', '\r', '\0', ' ', '\x0b', '\x7f', '\u00a0', '\u200b', '\ufeff']),
    lambda uri, rng: uri + rng.choice(['#x', '?', '?x', '/', '//', '/.', '/..', '/x/..', '%00', '%0A', ';x', '.', '%20', '\\', '%2F', '?x=/../', '/?']),
]


def normal(uri):
    """The spelling that is taken."""
    host = uri.encode().replace('b\u00fccher'.encode(), b'xn--bcher-kva').decode()
    return ''.join(c if c.isascii() and c != ' ' else ''.join('%%%02X' % byte for byte in c.encode()) for c in host)


def build_corpus(count, rng):
    corpus = [normal(uri) for uri in DENIED]
    while len(corpus) < count:
        uri = rng.choice(list(DENIED))
        if rng.random() < 0.7:
            uri = normal(uri)
        for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
            uri = rng.choice(CHANGES)(uri, rng)
        corpus.append(uri)
    return list(dict.fromkeys(corpus))


def decide(writ, corpus):
    with tempfile.TemporaryDirectory() as folder:
        policy, requests = os.path.join(folder, 'p.writ'), os.path.join(folder, 'requests.jsonl')
        with open(policy, 'w', encoding='utf-8') as file:
            file.write('policy p for resources {\n  allow *\n  deny %s\n}\n' % ', '.join(json.dumps(pattern) for pattern in DENIED.values()))
        with open(requests, 'w', encoding='utf-8') as file:
            for uri in corpus:
                file.write(json.dumps({'server': 's', 'resource': uri}) + '\n')
        done = subprocess.run([writ, 'eval', '--policies', policy, '--format', 'json', requests], capture_output=True, text=True)
        decisions = json.loads(done.stdout)
        if len(decisions) != len(corpus):
            sys.exit('writ eval gave %d decisions for %d requests: %s' % (len(decisions), len(corpus), done.stderr[-500:]))
        return decisions


def judge(name, corpus, decisions, resolved, wanted):
    """Returns what does not hold for one resolver."""
    faults, hits, normals = [], 0, 0
    for uri, decision, (written, found) in zip(corpus, decisions, resolved):
        if any(one in wanted for one in found):
            hits += 1
            if decision['effect'] != 'deny':
                faults.append('%s resolves %r to what is denied: %s' % (name, uri, decision['effect']))
        if decision['reason'] != 'not_canonical' and written is not None:
            normals += 1
            if written != uri:
                faults.append('%s writes %r as %r, which is not refused' % (name, uri, written))
    if hits < 200:
        faults.append('%s resolves only %d spellings to what is denied' % (name, hits))
    print('%s: %d of %d spellings resolve to what is denied, %d are taken as they are' % (name, hits, len(corpus), normals))
    return faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--writ', required=True)
    parser.add_argument('--count', type=int, default=9000)
    parser.add_argument('--seed', type=int, default=20261130)
    args = parser.parse_args()
    print('seed %d' % args.seed)
    corpus = build_corpus(args.count, random.Random(args.seed))
    decisions = decide(args.writ, corpus)
    resolvers = [('python', with_python, True), ('node', with_node, shutil.which('node') is not None), ('pydantic', with_pydantic, has_pydantic())]
    passed = failed = skipped = 0
    for name, resolve, is_here in resolvers:
        if not is_here:
            print('skipped: %s: not installed' % name)
            skipped += 1
            continue
        wanted = {one for _, found in resolve([normal(uri) for uri in DENIED]) for one in found}
        faults = judge(name, corpus, decisions, list(resolve(corpus)), wanted)
        for fault in faults[:20]:
            print('FAIL ' + fault)
        passed, failed = passed + (not faults), failed + bool(faults)
    print('%d passed, %d failed, %d skipped' % (passed, failed, skipped))
    sys.exit(failed > 0)


main()
