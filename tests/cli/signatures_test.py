#!/usr/bin/env python3
"""`writ verify-image`, `verify-blob` and `trust` from outside: an OCI layout and a bundle made here with openssl, and wrong input.

    tests/cli/signatures_test.py --writ build/dev/writ

Nothing leaves the machine. Closes with `N passed, N failed, N skipped`.
"""

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

SECRET = 'hunter2'
PREFIX = 'application/vnd.oci.image.'


def sha256(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def openssl(*arguments, data=None):
    return subprocess.run(['openssl', *arguments], input=data, check=True, capture_output=True).stdout


class Layout:
    """An OCI layout folder, written blob by blob."""

    def __init__(self, folder):
        self.folder, self.entries = folder, []
        os.makedirs(os.path.join(folder, 'blobs', 'sha256'))
        self.write('oci-layout', b'{"imageLayoutVersion": "1.0.0"}')

    def write(self, name, data):
        with open(os.path.join(self.folder, name), 'wb') as out:
            out.write(data)

    def add_blob(self, data, media_type, **more):
        digest = sha256(data)
        self.write('blobs/sha256/' + digest[7:], data)
        return {'mediaType': media_type, 'digest': digest, 'size': len(data), **more}

    def add_index(self, entries, tag):
        index = {'schemaVersion': 2, 'mediaType': PREFIX + 'index.v1+json', 'manifests': entries}
        entry = self.add_blob(json.dumps(index).encode(), PREFIX + 'index.v1+json')
        self.entries.append({**entry, 'annotations': {'org.opencontainers.image.ref.name': tag}})
        self.write('index.json', json.dumps({'schemaVersion': 2, 'manifests': self.entries}).encode())

    def add_manifest(self, layers, tag, config=b'{}'):
        manifest = {'schemaVersion': 2, 'mediaType': PREFIX + 'manifest.v1+json',
                    'config': self.add_blob(config, PREFIX + 'config.v1+json'), 'layers': layers}
        entry = self.add_blob(json.dumps(manifest).encode(), PREFIX + 'manifest.v1+json')
        self.entries.append({**entry, 'annotations': {'org.opencontainers.image.ref.name': tag}})
        self.write('index.json', json.dumps({'schemaVersion': 2, 'manifests': self.entries}).encode())
        return entry['digest']


def simple_signing(digest):
    return json.dumps({'critical': {'identity': {'docker-reference': 'example/app'}, 'image': {'docker-manifest-digest': digest},
                                    'type': 'cosign container image signature'}, 'optional': {'env': 'prod'}}).encode()


def prepare(folder):
    """Keys, a signed layout, a layout whose payload was replaced, a bundle, and things that are none of these."""
    def path(name):
        return os.path.join(folder, name)

    def write(name, data):
        with open(path(name), 'wb') as out:
            out.write(data)

    for name in ('release', 'other'):
        openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path(name + '.key'))
        openssl('ec', '-in', path(name + '.key'), '-pubout', '-out', path(name + '.pub'))
    openssl('req', '-x509', '-new', '-key', path('release.key'), '-subj', '/CN=x', '-days', '2', '-out', path('release.crt'))

    def sign(data):
        return base64.b64encode(openssl('dgst', '-sha256', '-sign', path('release.key'), data=data)).decode()

    for name in ('signed', 'damaged'):
        layout = Layout(path(name))
        digest = layout.add_manifest([], '1.0')
        payload = simple_signing(digest)
        layer = layout.add_blob(payload, 'application/vnd.dev.cosign.simplesigning.v1+json',
                                annotations={'dev.cosignproject.cosign/signature': sign(payload)})
        layout.add_manifest([layer], digest.replace(':', '-') + '.sig')
        if name == 'damaged':
            layout.write('blobs/sha256/' + layer['digest'][7:], payload.replace(b'prod', b'test'))
    layout = Layout(path('unsigned'))
    layout.add_manifest([], '1.0')
    layout = Layout(path('norunnable'))  # an attacker's index: by its own word nothing in it runs anywhere
    child = layout.add_blob(b'{}', PREFIX + 'manifest.v1+json', platform={'os': 'unknown', 'architecture': 'unknown'})
    layout.add_index([child], '1.0')
    layout = Layout(path('nested'))
    layout.add_index([layout.add_blob(b'{}', PREFIX + 'index.v1+json')], '1.0')
    layout = Layout(path('platforms'))  # nobody signed the index
    layout.add_index([layout.add_blob(b'{}', PREFIX + 'manifest.v1+json', platform={'os': 'linux', 'architecture': name}) for name in ('amd64', 'arm64')], '1.0')
    os.makedirs(path('nolayout'))
    write('artifact', b'an artifact\n')
    bundle = {'mediaType': 'application/vnd.dev.sigstore.bundle.v0.3+json', 'verificationMaterial': {'publicKey': {'hint': ''}},
              'messageSignature': {'messageDigest': {'algorithm': 'SHA2_256', 'digest': base64.b64encode(
                  hashlib.sha256(b'an artifact\n').digest()).decode()}, 'signature': sign(b'an artifact\n')}}
    write('bundle.json', json.dumps(bundle).encode())
    bundle['mediaType'] = bundle['mediaType'].replace('v0.3', 'v9.9')
    write('future.json', json.dumps(bundle).encode())
    write('root.json', b'{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": [{"baseUrl": "https://l"}]}')
    write('nobody.json', b'{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": [], "ctlogs": null}')
    write('page.html', b'<html>')
    write('openssh.pub', b'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== me@acme.example\n')


    # What must never be shown: a password, and one where something else should stand.
    write('pull.json', json.dumps({'auths': {'127.0.0.1:1': {'username': 'u', 'password': SECRET}}, 'credsStore': 'x'}).encode())
    write('badpull.json', json.dumps({'auths': {'127.0.0.1:1': {'auth': SECRET}}}).encode())
    write('nopull.json', SECRET.encode())

    def policies(name, text):
        os.makedirs(path(name), exist_ok=True)
        write(name + '/images.writ', text.encode())

    signers = ('signer release key "../release.pub"\n' 'signer other key "../other.pub" { log ignored }\n'
               'signer prod key "../release.pub" { annotation "env" "prod" }\n'
               'signer test key "../release.pub" { annotation "env" "test" platforms each }\n'
               'signer lost key "../nowhere.pub"\n')
    policies('policies', 'package acme\n' + signers)
    policies('broken', 'package acme\nsigner release kye "../release.pub"\n')
    policies('none', 'package acme\npolicy p for tools { deny "no" when false }\n')


IMAGE = 'verify-image example/app:1.0 --layout signed '
BUNDLE = 'verify-blob --key release.pub --bundle bundle.json '
# (arguments, exit code, what stdout or stderr must contain)
CASES = [
    (IMAGE + '--key release.pub', 0, 'verified: '),
    (IMAGE + '--key release.pub --annotation env=prod', 0, 'verified: '),
    (IMAGE + '--key release.pub --annotation env=test', 1, '[claim_mismatch]'),
    (IMAGE + '--key other.pub', 1, '[signature_invalid]'),
    ('verify-image example/app:1.0 --layout norunnable --platforms each --key release.pub', 1, 'unknown: the index lists no image that runs'),
    (IMAGE + '--key release.pub --log required', 2, '--log required needs --trust-root'),
    (IMAGE + '--key release.pub --attestation slsaprovenance1', 1, 'refuted: '),
    (IMAGE + '--key release.crt', 2, 'release.crt: '),
    (IMAGE + '--key release.key', 2, 'release.key: '),
    (IMAGE + '--key nowhere.pub', 2, 'nowhere.pub: no such file'),
    (IMAGE + '--key release.pub --json', 0, '"verified": true'),
    (IMAGE, 2, 'say who has to have signed'),
    (IMAGE + '--issuer https://i', 2, '--issuer needs --subject'),
    (IMAGE + '--subject s', 2, '--subject needs --issuer'),
    (IMAGE + '--issuer https://i --subject s', 2, 'need --trust-root FILE'),
    (IMAGE + '--issuer https://i --subject s --key release.pub', 2, 'expected one'),
    (IMAGE + '--issuer https://i --subject s --trust-root page.html', 2, 'page.html'),
    (IMAGE + '--issuer https://i --subject s --trust-root root.json', 2, 'trust root `root.json`: tlogs[0]: '),
    ('verify-image --layout unsigned --key release.pub', 1, 'refuted: no signature'),
    ('verify-image --layout damaged --key release.pub example/app:1.0', 1, 'unknown: '),
    ('verify-image --layout signed --key release.pub', 0, 'verified: '),
    ('verify-image --layout signed --key release.pub 1.0', 0, 'verified: '),
    ('verify-image --layout signed --key release.pub :1.0', 0, 'verified: '),
    ('verify-image --layout signed --key release.pub 2.0', 2, 'no image of tag `2.0`'),
    ('verify-image --layout platforms --key release.pub', 1, 'it is an index of 2 images, whose own signatures count with --platforms each'),
    ('verify-image --layout signed --key release.pub --attestation slsa', 2, '`slsa` is neither a URI nor a known type of predicate'),
    ('verify-image --layout signed --key release.pub sha256:12', 2, 'is no digest'),
    ('verify-image --layout signed --key release.pub example/app:9', 2, 'no image of tag `9`'),
    ('verify-image --layout signed --key release.pub sha256:' + '0' * 64, 1, 'unknown: '),
    (IMAGE + '--key release.pub --attestation=', 2, '--attestation'),
    ('trust check release.crt --format json', 0, '"digest"'),
    ('verify-image --layout nolayout --key release.pub', 2, 'nolayout'),
    ('verify-image --layout nowhere --key release.pub', 2, 'nowhere'),
    ('verify-image --key release.pub', 2, 'name the image'),
    ('verify-image --key release.pub Example.com/UPPER', 2, 'UPPER'),
    ('verify-image --key release.pub --plain-http 127.0.0.1:1/app:1.0', 1, 'unknown: '),
    ('verify-image --key release.pub --plain-http 127.0.0.1:1/app:1.0 --docker-config page.html', 2, 'page.html'),
    (IMAGE + '--signer release --policies policies', 0, 'verified: signed by release'),
    (IMAGE + '--signer other --policies policies', 1, 'refuted: signed by other'),
    (IMAGE + '--signer prod --policies policies --json', 0, '"signer": "prod"'),
    (IMAGE + '--signer test --policies policies', 1, '[claim_mismatch]'),
    (IMAGE.split() + ['--signer', 'other or release', '--policies', 'policies'], 0, 'verified: signed by other or release'),
    (IMAGE.split() + ['--signer', 'other and release', '--policies', 'policies'], 1, 'refuted: signed by other and release'),
    (IMAGE.split() + ['--signer', '2 of (other, release, prod)', '--policies', 'policies'], 0, 'verified: signed by 2 of'),
    (IMAGE.split() + ['--signer', '3 of (other, release, prod)', '--policies', 'policies'], 1, 'refuted: signed by 3 of'),
    (IMAGE.split() + ['--signer', '3 of (other, release)', '--policies', 'policies'], 2, '[BadNumber]'),
    (IMAGE.split() + ['--signer', 'release release', '--policies', 'policies'], 2, 'expected `and`, `or` or the end'),
    (IMAGE.split() + ['--signer', '', '--policies', 'policies'], 2, '--signer'),
    (IMAGE + '--signer relaese --policies policies', 2, 'did you mean `release`?'),
    (IMAGE + '--signer somebody --policies policies', 2, 'the policies declare `lost`, `other`, `prod`, `release`, `test`'),
    (IMAGE + '--signer release --policies none', 2, 'the policies declare none'),
    (IMAGE + '--signer release --policies broken', 2, 'broken/images.writ:2:16: error: '),
    (IMAGE + '--signer release --policies nowhere', 2, 'nowhere: no such file or directory'),
    (IMAGE + '--signer lost --policies policies', 2, 'signer `lost` (policies/images.writ:6): nowhere.pub: no such file'),
    (IMAGE + '--signer release', 2, '--signer needs --policies DIR'),
    (IMAGE + '--policies policies --key release.pub', 2, '--policies needs --signer NAME'),
    (IMAGE + '--signer release --policies policies --key release.pub', 2, '--signer and --key exclude each other'),
    (IMAGE + '--signer release --policies policies --platforms index', 2, '--signer and --platforms exclude each other'),
    (IMAGE + '--signer release --policies policies --attestation vuln', 1, 'refuted: attested by release'),
    ('verify-image --layout nested --key release.pub --platforms each', 1, 'the index lists another index, sha256:'),
    ('verify-image 127.0.0.1:1/app:1.0 --plain-http --signer release --policies policies', 1, 'unknown: '),
    ('verify-blob --bundle bundle.json --certificate-identity s artifact', 2, '--certificate-identity needs --certificate-oidc-issuer\n'),
    ('verify-blob --bundle bundle.json artifact', 2, '--certificate-oidc-issuer URL --certificate-identity NAME with --trusted-root FILE'),
    ('verify-image --key release.pub --plain-http 127.0.0.1:1/app:1.0 --docker-config pull.json --json', 1, '"outcome": "unknown"'),
    ('verify-image --key release.pub --plain-http 127.0.0.1:1/app:1.0 --docker-config badpull.json', 2, 'badpull.json: auths['),
    ('verify-image --key release.pub --plain-http 127.0.0.1:1/app:1.0 --docker-config nopull.json --json', 2, 'nopull.json is not the JSON'),
    (BUNDLE + '--log ignored artifact', 0, 'verified: '),
    (BUNDLE + '--log ignored ' + sha256(b'an artifact\n'), 0, 'verified: '),
    (BUNDLE + '--log ignored ' + sha256(b'another\n'), 1, 'refuted: '),
    (BUNDLE + '--log ignored page.html', 1, 'refuted: '),
    (BUNDLE + 'artifact', 2, 'give --trusted-root FILE'),
    ('verify-blob --key other.pub --log ignored --bundle bundle.json artifact', 1, '[signature_invalid]'),
    ('verify-blob --key release.pub --log ignored --bundle future.json artifact', 1, '[version_unknown]'),
    ('verify-blob --key release.pub --log ignored --bundle future.json artifact', 1, '0.2 or 0.3; let the signer write version 0.3 (future.json)'),
    ('verify-blob --key openssh.pub --log ignored --bundle bundle.json artifact', 2, "openssh.pub: a key in OpenSSH's form"),
    ('verify-blob --key release.pub --log ignored --bundle bundle.json sha256:12', 2, 'sha256:12: no such file, and no digest: expected'),
    (BUNDLE + '--log ignored --json artifact', 0, '"outcome": "verified"'),
    ('verify-blob --key release.pub --log ignored --bundle page.html artifact', 1, '[malformed]'),
    ('verify-bundle --key other.pub --log ignored --bundle bundle.json artifact', 1, '[signature_invalid]'),  # the old name
    ('verify-blob --key release.pub --log ignored --bundle bundle.json nothing', 2, 'nothing: no such file'),
    ('trust check release.crt', 0, 'release.crt: ok'),
    ('trust show release.crt', 0, 'certificate authority'),
    ('trust check root.json', 2, 'trust root `root.json`: tlogs[0]: '),
    ('trust check page.html', 2, 'page.html'),
    ('trust check nobody.json', 2, 'trust root `nobody.json`: it names no CA, log or timestamp authority'),
    ('trust check nobody.json --format json', 2, '"ok": false'),
    ('trust show nowhere.json', 2, 'nowhere.json: no such file'),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--writ', required=True)
    writ = os.path.abspath(parser.parse_args().writ)
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        for arguments, code, part in CASES:
            process = subprocess.run([writ, *(arguments.split() if isinstance(arguments, str) else arguments)], cwd=folder, capture_output=True, text=True, timeout=60,
                                     env={'PATH': os.environ['PATH'], 'NO_COLOR': '1'})
            output = process.stdout + process.stderr
            good = process.returncode == code and part in output and SECRET not in output
            passed, failed = passed + good, failed + (not good)
            if not good:
                print(f'writ {arguments}\n  expected exit {code} and "{part}", got exit {process.returncode} and\n    '
                      + output[:1500].replace('\n', '\n    '))
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
