#!/usr/bin/env python3
"""The runners of signatures and of Kubernetes' CEL vectors on folders made up for them: nothing that cannot be run may pass.

    tests/conformance/runners_test.py --writ FILE --sigstore FILE --cosign FILE

Closes with `N passed, N failed, N skipped`.
"""

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

K8SCEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'k8scel_runner.py')
MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
CONFIG = {'mediaType': 'application/vnd.oci.image.config.v1+json', 'digest': 'sha256:' + hashlib.sha256(b'{}').hexdigest(), 'size': 2}


def sha256(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def openssl(*arguments, data=None):
    return subprocess.run(['openssl', *arguments], input=data, check=True, capture_output=True).stdout


def write(folder, name, data):
    os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
    with open(os.path.join(folder, name), 'wb') as out:
        out.write(data if isinstance(data, bytes) else json.dumps(data).encode())


class Signed:
    """A key, an artifact with a bundle, and an image with a `.sig` manifest."""

    def __init__(self, folder):
        key = os.path.join(folder, 'private.pem')
        openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key)
        self.public = openssl('ec', '-in', key, '-pubout')

        def sign(data):
            return base64.b64encode(openssl('dgst', '-sha256', '-sign', key, data=data)).decode()

        self.artifact = b'an artifact\n'
        self.bundle = {'mediaType': 'application/vnd.dev.sigstore.bundle.v0.3+json', 'verificationMaterial': {'publicKey': {}},
                       'messageSignature': {'signature': sign(self.artifact)}}
        self.image = json.dumps({'schemaVersion': 2, 'mediaType': MANIFEST, 'config': CONFIG, 'layers': []}).encode()
        self.digest = sha256(self.image)
        self.payload = json.dumps({'critical': {'identity': {'docker-reference': 'app'}, 'image': {'docker-manifest-digest': self.digest},
                                                'type': 'cosign container image signature'}, 'optional': None}).encode()
        layer = {'mediaType': 'application/vnd.dev.cosign.simplesigning.v1+json', 'digest': sha256(self.payload), 'size': len(self.payload),
                 'annotations': {'dev.cosignproject.cosign/signature': sign(self.payload)}}
        self.signatures = json.dumps({'schemaVersion': 2, 'mediaType': MANIFEST, 'config': CONFIG, 'layers': [layer]}).encode()


def sigstore_case(name='good', expected='pass', suite='mine', **more):
    inputs = {'artifact': 'artifact', 'key': 'key.pub', 'require_tlog': False, **more.pop('inputs', {})}
    return {'suite': suite, 'name': name, 'files': ['bundle.json'], 'expected': expected, 'inputs': inputs, **more}


def repository_case(signed, **more):
    return {'suite': 'other', 'name': 'repository', 'files': ['image', 'signatures', 'blobs/sha256/'], 'expected': 'pass', 'inputs': {
        'image_digest': signed.digest, 'sig_tag': signed.digest.replace(':', '-') + '.sig', 'key': 'key.pub', 'require_tlog': False}, **more}


def cosign_case(name='good', expect='verified', **more):
    return {'name': name, 'image': 'app:1', 'signer': {'key': 'key.pub', 'trust_root': 'root.json'}, 'expect': expect, 'format': 'sig', **more}


def prepare_sigstore(folder, signed, cases):
    write(folder, 'artifact', signed.artifact)
    write(folder, 'bundle.json', signed.bundle)
    write(folder, 'key.pub', signed.public)
    write(folder, 'image', signed.image)
    write(folder, 'signatures', signed.signatures)
    for blob in (signed.payload, b'{}'):
        write(folder, 'blobs/sha256/' + sha256(blob)[7:], blob)
    write(folder, 'index.json', cases if isinstance(cases, bytes) else {'schema': 1, 'cases': cases})


def prepare_cosign(folder, signed, cases, lie=b''):
    write(folder, 'key.pub', signed.public)
    write(folder, 'root.json', {'mediaType': 'application/vnd.dev.sigstore.trustedroot+json;version=0.1'})
    odd = json.dumps({'mediaType': 5, 'config': 5, 'layers': [5]}).encode()
    contents = [signed.image, signed.signatures, signed.payload, b'{}', odd]
    content = {sha256(one): {'text': (one + lie).decode()} for one in contents}
    tags = {'1': signed.digest, signed.digest.replace(':', '-') + '.sig': sha256(signed.signatures), 'odd': sha256(odd)}
    repository = {'tags': tags, 'manifests': [sha256(one) for one in (signed.image, signed.signatures, odd)]}
    write(folder, 'registry.json', {'schema': 1, 'repos': {'app': repository}, 'content': content})
    write(folder, 'cases.json', cases if isinstance(cases, bytes) else {'schema': 1, 'cases': cases})


# Cases, arguments before the folder, exit code, last line, and what else is printed.
def sigstore_runs(signed):
    def one(*arguments, **more):
        return [sigstore_case(*arguments, **more)]

    return [
        (one(), [], 0, '1 passed, 0 failed, 0 skipped', ''),
        ([repository_case(signed)], [], 0, '1 passed, 0 failed, 0 skipped', ''),
        (one(name='with spaces', expected='fail'), [], 1, '0 passed, 1 failed, 0 skipped', 'FAIL mine/with spaces: expected fail, got pass'),
        (one(expected='fial'), [], 1, '0 passed, 1 failed, 0 skipped', '`expected` is "fial"'),
        (one(expected='fail', files=['nowhere.json']), [], 1, '0 passed, 1 failed, 0 skipped', 'the file `nowhere.json` cannot be read'),
        (one(expected='fail', files=[]), [], 1, '0 passed, 1 failed, 0 skipped', '`files`'),
        (one(expected='fail', inputs={'key': 'nowhere.pub'}), [], 1, '0 passed, 1 failed, 0 skipped', 'the file `nowhere.pub` cannot be read'),
        (one(expected='fail', inputs={'artifact': 'nowhere'}), [], 1, '0 passed, 1 failed, 0 skipped', 'the file `nowhere` cannot be read'),
        (one(inputs={'require_tlogs': True}), [], 1, '0 passed, 1 failed, 0 skipped', 'input `require_tlogs` is unknown'),
        (one(inputs={'require_tlog': 'no'}), [], 1, '0 passed, 1 failed, 0 skipped', 'input `require_tlog` is a string, expected a boolean'),
        (one(inputs={'identity': 'x'}), [], 1, '0 passed, 1 failed, 0 skipped', 'both a key and an identity'),
        ([{**one()[0], 'inputs': {'key': 'key.pub'}}], [], 1, '0 passed, 1 failed, 0 skipped', 'neither `artifact` nor `artifact_digest`'),
        ([repository_case(signed, files=['image', 'signatures'])], [], 1, '0 passed, 1 failed, 0 skipped', 'three `files`'),
        ([5, {'name': 'x'}] + one(), [], 1, '1 passed, 2 failed, 0 skipped', 'FAIL case number 2'),
        (one() + one(suite='other'), ['--only', 'other'], 0, '1 passed, 0 failed, 0 skipped', ''),
        (one(), ['--only', 'nothing'], 2, '0 passed, 0 failed, 0 skipped', 'no such case'),
        ([], [], 2, '0 passed, 0 failed, 0 skipped', 'no such case'),
        (b'{"cases": {}}', [], 2, '', 'index.json: not readable'),
        (b'{"cases": [{"name": "\xff"}]}', [], 2, '', 'index.json: not readable'),
        (one(), ['--onyl', 'x'], 2, '', 'usage:'),
    ]


def cosign_runs():
    def one(*arguments, **more):
        return [cosign_case(*arguments, **more)]

    return [
        (one(), [], 0, '1 passed, 0 failed, 0 skipped', ''),
        (one(name='with spaces', expect='refuted'), [], 1, '0 passed, 1 failed, 0 skipped', 'FAIL with spaces: expected refuted, got verified'),
        (one(expect='refutde'), [], 1, '0 passed, 1 failed, 0 skipped', 'expected refutde'),
        (one(options={'log': 'requierd'}), [], 1, '0 passed, 1 failed, 0 skipped', 'unknown log "requierd"'),
        (one(options={'timestamp': True}), [], 1, '0 passed, 1 failed, 0 skipped', 'unknown timestamp true'),
        (one(options={'annotation': {}}), [], 1, '0 passed, 1 failed, 0 skipped', 'options has an unknown member annotation'),
        (one(options=None), [], 0, '1 passed, 0 failed, 0 skipped', ''),
        (one(expect='unknown', image='app:nowhere', options={'logs': 'required'}), [], 1, '0 passed, 1 failed, 0 skipped', 'unknown member logs'),
        (one(expect='unknown', image='app:odd'), [], 0, '1 passed, 0 failed, 0 skipped', ''),
        (one(expect='refuted', signer={'key': 'nowhere.pub'}), [], 1, '0 passed, 1 failed, 0 skipped', 'nowhere.pub: cannot be read'),
        (one(expect='refuted', signer={'key': 'key.pub', 'subjekt': 'x'}), [], 1, '0 passed, 1 failed, 0 skipped', 'unknown member subjekt'),
        (one(), ['--only', 'nothing'], 2, '0 passed, 0 failed, 0 skipped', 'no such case'),
        ([], [], 2, '0 passed, 0 failed, 0 skipped', 'no such case'),
        ([{'name': 'x'}], [], 2, '', 'cases.json: case 0'),
        (b'{"schema": 1, "cases": ["\xff"]}', [], 2, '', 'cases.json'),
    ]


def value_of_one(**more):
    return {'id': 'core/one/1', 'expr': '1', 'expect': {'kind': 'value', 'value': {'int': '1'}, 'type': 'int'}, **more}


def k8scel_runs():
    """(tests, exit code, last line, part of the output)"""
    refused = {'kind': 'refused', 'phase': 'check', 'error': 'undeclared', 'errors': []}
    error = {'kind': 'error', 'error': 'no_such_key', 'type': 'dyn'}
    missing = 'skipped: 1 need a function that does not exist yet'
    return [
        ([value_of_one()], 0, '1 passed, 0 failed, 0 skipped', ''),
        ([value_of_one(expr='2')], 1, '0 passed, 1 failed, 0 skipped', 'FAIL core/one/1'),
        ([value_of_one(expr='dyn(1)')], 1, '0 passed, 1 failed, 0 skipped', 'expected the type "int", found "dyn"'),
        ([value_of_one(expr='x', vars={'x': 1}, expect={'kind': 'value', 'value': {'int': '1'}})], 0, '1 passed, 0 failed, 0 skipped', ''),
        ([value_of_one(expr='x', vars='vars1', expect={'kind': 'value', 'value': {'int': '7'}})], 0, '1 passed, 0 failed, 0 skipped', ''),
        ([value_of_one(), value_of_one(expr='fresh.from(1)')], 0, '1 passed, 0 failed, 1 skipped', missing),
        ([value_of_one(), value_of_one(expr="'a'.frobnicate()")], 0, '1 passed, 0 failed, 1 skipped', missing),
        ([value_of_one(), value_of_one(expr='[1].all(i, x, true)')], 0, '1 passed, 0 failed, 1 skipped', 'macros of two variables'),
        ([value_of_one(), value_of_one(disputed='why')], 0, '1 passed, 0 failed, 1 skipped', 'skipped: 1 are disputed'),
        ([value_of_one(expr='size(1)')], 1, '0 passed, 1 failed, 0 skipped', 'found a refusal'),
        ([value_of_one(expr='y')], 1, '0 passed, 1 failed, 0 skipped', '`y` is not declared'),
        ([value_of_one(expr='frobnicate(1)', expect=refused)], 0, '1 passed, 0 failed, 0 skipped', ''),
        ([value_of_one(expr='1', expect=refused)], 1, '0 passed, 1 failed, 0 skipped', 'expected a refusal (undeclared)'),
        ([value_of_one(expr='{}.a', expect=error)], 0, '1 passed, 0 failed, 0 skipped', ''),
        ([value_of_one(expr='dyn(1).a', expect=error)], 0, '1 passed, 0 failed, 0 skipped', ''),
        ([value_of_one(expr='1 / 0', expect=error)], 1, '0 passed, 1 failed, 0 skipped', 'expected the error no_such_key'),
        ([], 2, '0 passed, 0 failed, 0 skipped', 'no test was run'),
    ]


def prepare_k8scel(folder, tests):
    write(folder, 'index.json', {'accepts': {'no_such_key': ['no_such_overload']}})
    write(folder, 'vars.json', {'vars1': {'x': 7}})
    write(folder, 'core.json', {'tests': tests})


def is_as_expected(runner, folder, arguments, code, last, part):
    process = subprocess.run([*([sys.executable, K8SCEL] if runner == K8SCEL else [runner]), *arguments, folder], capture_output=True, timeout=120)
    output = (process.stdout + process.stderr).decode(errors='replace')
    lines = process.stdout.decode(errors='replace').splitlines() or ['']
    if process.returncode == code and lines[-1] == last and part in output:
        return True
    print(f'{os.path.basename(runner)} {arguments}: expected exit {code}, "{last}" and "{part}", got exit {process.returncode} and\n    '
          + output[:1500].replace('\n', '\n    '))
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--writ', required=True)
    parser.add_argument('--sigstore', required=True)
    parser.add_argument('--cosign', required=True)
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as top:
        signed = Signed(top)
        for number, (cases, *expected) in enumerate(sigstore_runs(signed)):
            folder = os.path.join(top, f'sigstore {number}')
            prepare_sigstore(folder, signed, cases)
            found.append(is_as_expected(options.sigstore, folder, *expected))
        for number, (cases, *expected) in enumerate(cosign_runs()):
            folder = os.path.join(top, f'cosign {number}')
            prepare_cosign(folder, signed, cases)
            found.append(is_as_expected(options.cosign, folder, *expected))
        for number, (tests, *expected) in enumerate(k8scel_runs()):
            folder = os.path.join(top, f'k8scel {number}')
            prepare_k8scel(folder, tests)
            found.append(is_as_expected(K8SCEL, folder, ['--writ', options.writ], *expected))
        nowhere = os.path.join(top, 'nowhere')
        found.append(is_as_expected(K8SCEL, nowhere, ['--writ', options.writ], 0, '0 passed, 0 failed, 1 skipped', 'there is no folder'))
        folder = os.path.join(top, 'lie')
        prepare_cosign(folder, signed, [cosign_case(expect='unknown')], lie=b' ')
        found.append(is_as_expected(options.cosign, folder, [], 2, '', 'registry.json: content of sha256:'))
    print(f'{sum(found)} passed, {len(found) - sum(found)} failed, 0 skipped')
    return 0 if all(found) else 1


if __name__ == '__main__':
    sys.exit(main())
