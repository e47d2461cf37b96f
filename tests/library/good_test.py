#!/usr/bin/env python3
"""The policy library leaves good manifests alone, and says of upstream's examples what is known of them.

    tests/library/good_test.py --writ build/dev/writ [--shared DIR] [--update]

good/NAME.yaml is denied by no rule. Its comments justify it; `# warns: RULE, RULE` are the rules that warn, and there are no others. Where
was/NAME.yaml is, the manifest is an update of that; good/site_*.yaml are judged with settings.yaml here. upstream.txt lists what denies the examples in DIR (default: $WRIT_SHARED, or `shared`
beside the repository): FILE KIND/NAME: RULE RULE. What is not listed there is good. --update writes the list anew: read the difference, a rule
that is new in it may be a false alarm. Closes with `N passed, N failed, N skipped`.
"""

import argparse
import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, '../..'))
LIST = os.path.join(HERE, 'upstream.txt')
KINDS = ['EmbeddingServer', 'MCPAuthzConfig', 'MCPExternalAuthConfig', 'MCPGroup', 'MCPOIDCConfig', 'MCPRegistry', 'MCPRemoteProxy', 'MCPServer',
         'MCPServerEntry', 'MCPTelemetryConfig', 'MCPToolConfig', 'MCPWebhookConfig', 'VirtualMCPCompositeToolDefinition', 'VirtualMCPServer']
EXAMPLES = ['examples/*.yaml', 'vectors/toolhive/manifests/docs/**/*.yaml', 'vectors/toolhive/manifests/deploy/keycloak/*.yaml',
            'vectors/toolhive/manifests/examples/operator/**/*.yaml', 'vectors/toolhive/manifests/examples/mcpserver-with-audit.yaml',
            'vectors/toolhive/manifests/test/**/*.yaml']


def explain(writ, files, *flags):
    """-> the decisions on the documents of the files."""
    command = [writ, 'explain', '--format', 'json', '--policies', os.path.join(ROOT, 'policies/toolhive'), '--at', '2026-12-01T00:00:00Z', *flags]
    done = subprocess.run(command + files, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f'good_test.py: {" ".join(command)}: {done.stderr}')
    decisions = json.loads(done.stdout or '[]')
    return decisions if isinstance(decisions, list) else [decisions]


def by_file(decisions):
    found = {}
    for decision in decisions:
        found.setdefault(decision['document']['file'], []).append(decision)
    return found


def named(rule):
    return f'{rule["policy"]}.{rule["rule"]}'


def denying(decision):
    return sorted({named(rule) for rule in decision['rules']}) if decision['effect'] == 'deny' else []


def warning(decision):
    return {named(rule) for rule in decision.get('explained', []) if rule['verb'] == 'warn' and rule['outcome'] != 'false'}


def check_good(writ, report):
    paths = sorted(glob.glob(os.path.join(HERE, 'good/*.yaml')))
    pairs = {path: was for path in paths if os.path.exists(was := os.path.join(HERE, 'was', os.path.basename(path)))}
    site = [path for path in paths if os.path.basename(path).startswith('site_')]
    decisions = by_file(explain(writ, [path for path in paths if path not in pairs and path not in site])
                        + explain(writ, site, '--data', f'settings={HERE}/settings.yaml'))
    for path, was in pairs.items():
        decisions.update(by_file(explain(writ, [path], '--was', was)))
    for path in paths:
        with open(path, encoding='utf-8') as file:
            text = file.read()
        expected = {rule for line in re.findall(r'^# warns: (.*)$', text, re.M) for rule in line.split(', ')}
        found = decisions.get(path, [])
        faults = [f'{d["document"]["kind"]}/{d["document"]["name"]}: {rule}' for d in found for rule in denying(d)]
        faults += [f'denies: {message}' for d in found for message in d['messages']]
        warned = {rule for d in found for rule in warning(d)}
        faults += [f'warns and is not expected to: {rule}' for rule in sorted(warned - expected)]
        faults += [f'is expected to warn: {rule}' for rule in sorted(expected - warned)]
        if not found or any(d['effect'] not in ('allow', 'deny') for d in found):
            faults.append('holds no object that is decided')
        if not re.match(r'#.*\n(#.*\n)*# Good', text):
            faults.append('has no comment that justifies it')
        report(os.path.relpath(path, HERE), faults)


def check_kinds(report):
    """Every kind in every version that ToolHive serves."""
    texts = []
    for path in glob.glob(os.path.join(HERE, 'good/*.yaml')):
        with open(path, encoding='utf-8') as file:
            texts += re.split(r'^---\s*$', file.read(), flags=re.M)
    found = {(match[2], match[1]) for text in texts for match in [re.search(r'^apiVersion: \S+/(\S+)\nkind: (\S+)', text, re.M)] if match}
    wanted = {(kind, version) for kind in KINDS for version in ('v1alpha1', 'v1beta1')} - {('MCPWebhookConfig', 'v1beta1')}
    report('kinds and versions', [f'{kind} {version} is missing' for kind, version in sorted(wanted - found)])


def examples(writ, shared):
    """-> {object of an example: the rules that deny it}."""
    paths = sorted({p for pattern in EXAMPLES for p in glob.glob(os.path.join(shared, pattern), recursive=True)})
    found = {}
    for decision in explain(writ, paths):
        document = decision['document']
        if decision['effect'] in ('allow', 'deny') and document.get('kind') in KINDS:
            found[f'{os.path.relpath(document["file"], shared)} {document["kind"]}/{document["name"]}'] = denying(decision)
    return found


def check_upstream(writ, shared, update, report):
    if not os.path.isdir(os.path.join(shared, 'vectors/toolhive')):
        report('upstream', None)
        return
    found = examples(writ, shared)
    if update:
        with open(LIST, 'w', encoding='utf-8') as file:
            file.writelines(f'{name}: {" ".join(rules)}\n' for name, rules in sorted(found.items()) if rules)
    with open(LIST, encoding='utf-8') as file:
        known = {name: rules.split() for name, rules in (line.rstrip('\n').split(': ') for line in file)}
    for name, rules in sorted(found.items()):
        expected = known.pop(name, [])
        report(name, [f'is denied: {rule}' for rule in rules if rule not in expected] + [f'is no longer denied: {rule}' for rule in expected if rule not in rules])
    report('upstream.txt', [f'names what is not there: {name}' for name in known])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--writ', required=True)
    parser.add_argument('--shared', default=os.environ.get('WRIT_SHARED', os.path.join(ROOT, '../shared')))
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}

    def report(name, faults):
        if faults is None:
            counts['skipped'] += 1
            print(f'skipped: {name}: the examples are not here')
            return
        counts['failed' if faults else 'passed'] += 1
        for fault in faults:
            print(f'{name}: {fault}')

    check_good(options.writ, report)
    check_kinds(report)
    check_upstream(options.writ, options.shared, options.update, report)
    print('{passed} passed, {failed} failed, {skipped} skipped'.format(**counts))
    return 1 if counts['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
