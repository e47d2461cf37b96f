#!/usr/bin/env python3
"""What `writ serve` holds under large bodies, with the flags and the memory limit of the shipped Deployment.

    tests/long/memory_test.py --writ build/release/writ

Kinds of bodies of just under 8 MiB, each the worst of its way through the server. After four of a kind the process is within 64 MiB of
what it held before; while sixteen clients send them at once it stays below the container's limit, less what signatures may take beside
(docs/security/signatures.md). The last line printed is `N passed, N failed, N skipped`.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

MIB = 1 << 20
BODY = 8 * MIB - 4096
KEPT = 64 * MIB
DEPLOYMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'webhook', 'deploy', 'writ.yaml')

POLICIES = '''package memory
policy tools for tools on server "s" {
  allow plain when args.size() >= 0 && args.list.size() >= 0
  allow plain when (args.text + args.text).size() > 1
}
policy pods for admission of Pod {
  deny when object == oldObject && object.metadata.name == "zz"
  deny when object.metadata.labels.map(k, k + "x").exists(k, k == "zz")
}
'''


def review(object_text):
    return ('{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","kind":{"group":"","version":"v1",'
            '"kind":"Pod"},"userInfo":{"username":"a"},"object":' + object_text + '}}')


def pod(labels='', spec=''):
    return review('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","labels":{' + labels + '}},"spec":{' + spec + '}}')


def fill(item, room):
    """As many of item(0), item(1), … with commas as fit."""
    parts, size = [], 0
    while True:
        part = item(len(parts))
        if size + len(part) + 1 > room:
            return ','.join(parts)
        parts.append(part)
        size += len(part) + 1


def bodies():
    room = BODY - 2048
    call = '{"server":"s","tool":"plain","args":{%s}}'
    return {
        'labels of a pod': ('/admission', pod(labels=fill(lambda i: f'"l{i}":"v"', room))),
        'containers of a pod': ('/admission', pod(spec='"containers":[' + fill(lambda i: f'{{"name":"c{i}","image":"i"}}', room) + ']')),
        'pull secrets of a pod': ('/admission', pod(spec='"imagePullSecrets":[' + fill(lambda i: '{"name":"a"}', room) + ']')),
        'numbers': ('/v1/decide', call % ('"list":[' + '0,' * (room // 2) + '0]')),
        'empty lists': ('/v1/decide', call % ('"list":[' + '[],' * (room // 3) + '[]]')),
        'keys': ('/v1/decide', call % fill(lambda i: f'"{i:x}":0', room)),
        'text': ('/v1/decide', call % ('"text":"' + 'x' * room + '"')),
        'surrogates': ('/v1/decide', call % ('"text":"' + '\\ud83d\\ude00' * (room // 12) + '"')),
        'keys and a fault at the end': ('/v1/decide', call % (fill(lambda i: f'"{i:x}":0', room) + ',"0":1')),
        'facts': ('/v1/decide', '{"target":"admission","object":{"apiVersion":"v1","kind":"Pod","metadata":{}},"facts":{"images":['
                  + fill(lambda i: f'{{"image":"i{i}"}}', room) + ']}}'),
        'a list of requests': ('/v1/decide', '[' + ','.join([call % ('"text":"' + 'x' * (room // 1000 - 100) + '"')] * 1000) + ']'),
    }


class Server:
    def __init__(self, writ, policies, threads):
        self.process = subprocess.Popen([writ, 'serve', '--policies', policies, '--plain-http', '--listen', '127.0.0.1:0', '--log-level', 'error',
                                         '--threads', str(threads), '--drain', '1'], stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r':(\d+) ', self.process.stdout.readline()).group(1))

    def post(self, path, body):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=300)
        connection.request('POST', path + '?timeout=300s', body, {'Content-Type': 'application/json'})
        reply = connection.getresponse()
        reply.read()
        connection.close()
        return reply.status

    def memory(self, name):
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as file:
            return int(re.search(name + r':\s+(\d+) kB', file.read()).group(1)) * 1024

    def settled(self):
        """What is held once nothing is under way: connections end a moment after their replies."""
        lowest = self.memory('VmRSS')
        for _ in range(20):
            time.sleep(0.05)
            lowest = min(lowest, self.memory('VmRSS'))
        return lowest

    def stop(self):
        self.process.kill()
        self.process.wait()


def deployment():
    with open(DEPLOYMENT, encoding='utf-8') as file:
        text = file.read()
    return int(re.search(r'--threads=(\d+)', text).group(1)), int(re.search(r'limits: \{memory: (\d+)Mi\}', text).group(1)) * MIB


def check_kept(writ, policies, threads, name, path, body):
    server = Server(writ, policies, threads)
    try:
        server.post('/v1/decide', '{"server":"s","tool":"plain"}')
        before = server.settled()
        statuses = {server.post(path, body) for _ in range(4)}
        kept, peak = server.settled() - before, server.memory('VmHWM')
    finally:
        server.stop()
    good = kept <= KEPT
    print(f'{"ok" if good else "FAILED"}: {name}: {len(body) / MIB:.1f} MiB, HTTP {sorted(statuses)}: {kept / MIB:.0f} MiB kept, peak {peak / MIB:.0f} MiB', flush=True)
    return good


def check_peak(writ, policies, threads, limit, all_bodies):
    server = Server(writ, policies, threads)
    try:
        jobs = list(all_bodies.values()) * 2
        clients = [threading.Thread(target=server.post, args=job) for job in jobs[:16]]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        peak = server.memory('VmHWM')
    finally:
        server.stop()
    good = peak < limit
    print(f'{"ok" if good else "FAILED"}: sixteen at once with --threads {threads}: peak {peak / MIB:.0f} MiB of {limit / MIB:.0f}', flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--writ', required=True)
    options = parser.parse_args()
    threads, limit = deployment()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        policies = os.path.join(folder, 'p.writ')
        with open(policies, 'w', encoding='utf-8') as file:
            file.write(POLICIES)
        all_bodies = bodies()
        for name, (path, body) in all_bodies.items():
            results.append(check_kept(options.writ, policies, threads, name, path, body))
        results.append(check_peak(options.writ, policies, threads, limit, all_bodies))
    print(f'{results.count(True)} passed, {results.count(False)} failed, 0 skipped')
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
