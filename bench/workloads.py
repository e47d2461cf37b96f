#!/usr/bin/env python3
"""The workloads of compare.py, written as files. Equal arguments give equal files.

    bench/workloads.py FOLDER [--large 100000]     writes all of them, for a look

A workload is a folder:

    policies/*.writ   the rules, in files below the compiler's limit for one file
    requests.jsonl    requests, one a line
    expected.jsonl    for each of them, whether it is allowed
    listings.jsonl    `tools-N` only: the same principals asking for the tools that they may see
    visible.jsonl     `tools-N` only: for each of those, the names that are shown
    rules.json        `tools-N` only: the rules as data, for the floor (tools_floor.h)

What is expected comes from the few lines below that evaluate rules one after the other, so that a
decision which is fast and wrong is found out.

    tools-N      N rules: tool and group always, a scope on a quarter, a condition on an argument on
                 a third. About 100 rules a server whatever N is, and some tools are popular: the
                 busiest has about 26 rules. More rules are more servers and teams, as in a fleet.
    shared-N     N rules, one guard: what differs is the tool.
    distinct-N   N rules, N guards, over few paths: only constants differ.
    paths-N      N tools, two arguments each that no other tool has: 2 N paths.
"""

import argparse
import json
import pathlib
import random

SEED = 20261120
RULES_OF_A_SERVER = 100
FEW_TOOLS = 100  # rules of the workload that is subtracted from the peak of a large one
MAX_FILE_BYTES = 3 << 20  # the compiler takes 4 MiB

TOOLS = [f'{verb}_{noun}' for verb in ('search', 'list', 'get', 'create', 'update')
         for noun in ('issues', 'messages', 'files', 'records', 'jobs')]
UNRULED_TOOL = 'delete_everything'
POPULARITY = [1 / rank for rank in range(1, len(TOOLS) + 1)]  # Zipf
CHANNELS = [f'#room-{i:02d}' for i in range(40)]
NOTE = 'please handle this before the end of the sprint and tell the owner'


# -- files --------------------------------------------------------------------------------------


def line(value):
    return json.dumps(value, separators=(',', ':')) + '\n'


def write_policies(folder, policies):
    """Each policy is a text; a file takes as many as fit."""
    (folder / 'policies').mkdir(parents=True)
    files = ['']
    for policy in policies:
        if len(files[-1]) + len(policy) > MAX_FILE_BYTES:
            files.append('')
        files[-1] += policy
    for number, text in enumerate(files):
        (folder / 'policies' / f'{number:03d}.writ').write_text('package bench\n' + text)


def policy_text(name, server, rules):
    return f'\npolicy {name} for tools on server {json.dumps(server)} {{\n' + ''.join(f'  {rule}\n' for rule in rules) + '}\n'


def write_lines(folder, **files):
    for name, values in files.items():
        (folder / f'{name}.jsonl').write_text(''.join(map(line, values)))


def in_policies(rules):
    """Rules of one server as policies of 100."""
    return [policy_text(f'p{begin}', 'warehouse', rules[begin:begin + 100]) for begin in range(0, len(rules), 100)]


# -- tools-N ------------------------------------------------------------------------------------


def argument_holds(condition, arguments):
    value = arguments[condition['name']]
    if condition['test'] == 'less':
        return value < condition['than']
    return value in condition['of'] if condition['test'] == 'among' else value.startswith(condition['with'])


def applies(rule, principal):
    return rule['group'] in principal['groups'] and ('scope' not in rule or rule['scope'] in principal['scopes'])


def is_allowed(rules, principal, arguments):
    """`rules` are those of the tool that is called."""
    effects = [rule['effect'] for rule in rules
               if applies(rule, principal) and ('argument' not in rule or argument_holds(rule['argument'], arguments))]
    return 'allow' in effects and 'deny' not in effects


def is_shown(rules, principal):
    """A listing has no arguments: a tool is shown when some call of it may be allowed."""
    applying = [rule for rule in rules if applies(rule, principal)]
    return (any(rule['effect'] == 'allow' for rule in applying)
            and not any(rule['effect'] == 'deny' and 'argument' not in rule for rule in applying))


def rule_text(rule):
    tests = [f'{json.dumps(rule["group"])} in principal.groups']
    if 'scope' in rule:
        tests.append(f'{json.dumps(rule["scope"])} in principal.scopes')
    if condition := rule.get('argument'):
        path = 'args.' + condition['name']
        tests.append({'less': lambda: f'{path} < {condition["than"]}', 'among': lambda: f'{path} in {json.dumps(condition["of"])}',
                      'prefix': lambda: f'{path}.startsWith({json.dumps(condition["with"])})'}[condition['test']]())
    return f'{rule["effect"]} {rule["tool"]} when {" && ".join(tests)}'


class Fleet:
    """The rules of `tools-N`, and calls that meet them."""

    def __init__(self, count):
        self.random = random.Random(f'{SEED}/tools/{count}')
        self.servers = [f'srv-{i:04d}' for i in range(max(1, count // RULES_OF_A_SERVER))]
        self.groups = [f'team-{i:05d}' for i in range(max(40, count // 50))]
        denials = max(1, count // 20)
        self.rules = [self.draw_rule('deny' if i < denials else 'allow') for i in range(count)]
        self.random.shuffle(self.rules)
        self.by_tool = {}
        for rule in self.rules:
            self.by_tool.setdefault((rule['server'], rule['tool']), []).append(rule)
        self.allows = [rule for rule in self.rules if rule['effect'] == 'allow']
        self.denies = [rule for rule in self.rules if rule['effect'] == 'deny']

    def draw_rule(self, effect):
        rule = {'effect': effect, 'server': self.random.choice(self.servers),
                'tool': self.random.choices(TOOLS, POPULARITY)[0], 'group': self.random.choice(self.groups)}
        if self.random.random() < 0.25:
            rule['scope'] = self.scope(rule['server'], rule['tool'])
        if self.random.random() < 0.35:
            rule['argument'] = self.random.choice([
                {'name': 'amount', 'test': 'less', 'than': self.random.randrange(100, 9000)},
                {'name': 'channel', 'test': 'among', 'of': sorted(self.random.sample(CHANNELS, 3))},
                {'name': 'path', 'test': 'prefix', 'with': f'/srv/{self.random.choice(self.groups)}/'}])
        return rule

    @staticmethod
    def scope(server, tool):
        return server + (':write' if tool.startswith(('create', 'update')) else ':read')

    def call(self, server, tool, meets=(), leaving_out=None):
        """A call that meets these rules, but for their group, scope or argument when one is left out."""
        draw = self.random
        groups = [rule['group'] for rule in meets if leaving_out != 'group']
        scopes = [rule['scope'] for rule in meets if 'scope' in rule and leaving_out != 'scope']
        arguments = {'amount': draw.randrange(10000), 'channel': draw.choice(CHANNELS),
                     'path': f'/srv/{draw.choice(self.groups)}/report-{draw.randrange(1000)}.csv',
                     'dry_run': draw.random() < 0.5, 'note': NOTE[:draw.randrange(10, 60)]}
        for condition in [rule['argument'] for rule in meets if 'argument' in rule and leaving_out != 'argument']:
            arguments[condition['name']] = {
                'less': lambda c: draw.randrange(c['than']), 'among': lambda c: draw.choice(c['of']),
                'prefix': lambda c: f'{c["with"]}report-{draw.randrange(1000)}.csv'}[condition['test']](condition)
        return {
            'principal': {
                'id': f'agent-{draw.randrange(100000):05d}',
                'groups': self.filled(groups, 6, lambda: draw.choice(self.groups)),
                'scopes': self.filled(scopes, 4, lambda: self.scope(f'srv-{draw.randrange(9000, 9999)}', draw.choice(TOOLS)))},
            'server': server, 'tool': tool, 'args': arguments,
            'context': {'time': '2026-11-20T10:00:00Z', 'session': f'{draw.randrange(16 ** 12):012x}'}}

    def filled(self, names, size, draw):
        names = list(dict.fromkeys(names))
        while len(names) < size:
            name = draw()
            if name not in names:
                names.append(name)
        self.random.shuffle(names)
        return names

    def draw_allowed(self):
        rule = self.random.choice(self.allows)
        return self.call(rule['server'], rule['tool'], [rule])

    def draw_denied(self):
        """Of ten denials: four by a wrong group, two by scope, two by argument, one by a rule, one for want of any rule."""
        kind = self.random.choices(['group', 'scope', 'argument', 'deny', 'unruled'], [4, 2, 2, 1, 1])[0]
        if kind == 'unruled':
            return self.call(self.random.choice(self.servers), UNRULED_TOOL)
        if kind == 'deny':
            denial = self.random.choice(self.denies)
            allows = [rule for rule in self.by_tool[denial['server'], denial['tool']] if rule['effect'] == 'allow']
            return self.call(denial['server'], denial['tool'], self.random.sample(allows, min(1, len(allows))) + [denial])
        drawn = self.random.choices(self.allows, k=40)
        rule = next((rule for rule in drawn if kind in rule), drawn[0])
        return self.call(rule['server'], rule['tool'], [rule], leaving_out=kind)

    def is_allowed(self, call):
        return is_allowed(self.by_tool.get((call['server'], call['tool']), []), call['principal'], call['args'])

    def draw_call(self, wanted):
        while True:  # a call that misses one rule may meet another
            call = self.draw_allowed() if wanted else self.draw_denied()
            if self.is_allowed(call) == wanted:
                return call


def write_tools(folder, count, requests):
    """Half of the requests are allowed."""
    fleet = Fleet(count)
    by_server = {}
    for rule in fleet.rules:
        by_server.setdefault(rule['server'], []).append(rule_text(rule))
    write_policies(folder, [policy_text(server.replace('-', '_'), server, rules) for server, rules in sorted(by_server.items())])
    (folder / 'rules.json').write_text(json.dumps(fleet.rules))

    expected = [i % 2 == 0 for i in range(requests)]
    fleet.random.shuffle(expected)
    calls = [fleet.draw_call(wanted) for wanted in expected]
    names = TOOLS + [UNRULED_TOOL]
    listings = [{'principal': call['principal'], 'server': call['server'], 'list': names, 'context': call['context']} for call in calls]
    visible = [[name for name in names if is_shown(fleet.by_tool.get((call['server'], name), []), call['principal'])] for call in calls]
    write_lines(folder, requests=calls, expected=expected, listings=listings, visible=visible)


# -- shared-N, distinct-N, paths-N ----------------------------------------------------------------


def write_shared(folder, count):
    write_policies(folder, in_policies([f'allow tool_{i} when principal.tenant == "acme" && "reader" in principal.roles'
                                        for i in range(count)]))


def write_distinct(folder, count):
    write_policies(folder, in_policies([f'allow tool_{i} when principal.tenant == "tenant-{i}" && args.amount < {i}'
                                        for i in range(count)]))


def write_paths(folder, count, requests):
    write_policies(folder, in_policies([f'allow tool_{i} when args.count_{i} < 100 && args.name_{i} == "report"' for i in range(count)]))
    draw = random.Random(f'{SEED}/paths/{count}')
    expected = [i % 2 == 0 for i in range(requests)]
    calls = []
    for wanted in expected:
        i = draw.randrange(count)
        calls.append({'principal': {'id': 'agent-7'}, 'server': 'warehouse', 'tool': f'tool_{i}',
                      'args': {f'count_{i}': draw.randrange(100), f'name_{i}': 'report' if wanted else 'ledger'}})
    write_lines(folder, requests=calls, expected=expected)


# -- one admission review -------------------------------------------------------------------------


def write_review(folder, variables):
    """The create of an MCPServer with so many environment entries, as admission_bench.cc reviews it."""
    spec = {'image': 'ghcr.io/stackloklabs/gofetch/server@sha256:' + '0123456789abcdef' * 4, 'transport': 'streamable-http',
            'oidcConfigRef': {'name': 'idp', 'audience': 'fetch'}, 'authzConfigRef': {'name': 'rules'}, 'audit': {'enabled': True},
            'resources': {'limits': {'cpu': '100m', 'memory': '128Mi'}},
            'env': [{'name': f'SETTING_{i}', 'value': 'a value of ordinary length'} for i in range(variables)]}
    review = {
        'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview',
        'request': {
            'uid': '705ab4f5-6393-11e8-b7cc-42010a800002',
            'kind': {'group': 'toolhive.stacklok.dev', 'version': 'v1beta1', 'kind': 'MCPServer'},
            'resource': {'group': 'toolhive.stacklok.dev', 'version': 'v1beta1', 'resource': 'mcpservers'},
            'name': 'fetch', 'namespace': 'default', 'operation': 'CREATE',
            'userInfo': {'username': 'dev', 'groups': ['developers', 'system:authenticated']},
            'object': {'apiVersion': 'toolhive.stacklok.dev/v1beta1', 'kind': 'MCPServer',
                       'metadata': {'name': 'fetch', 'namespace': 'default'}, 'spec': spec},
            'oldObject': None, 'dryRun': False}}
    folder.mkdir(parents=True)
    write_lines(folder, requests=[review], expected=[True])


# -- all ------------------------------------------------------------------------------------------


def write_all(folder, small, medium, large, paths, requests):
    """Writes the workloads of compare.py below `folder`, in these numbers of rules."""
    tools = {FEW_TOOLS: 100, small: requests, large: requests}  # sizes may be equal
    for count, number in tools.items():
        write_tools(folder / f'tools-{count}', count, number)
    for count in {medium, large}:
        write_shared(folder / f'shared-{count}', count)
        write_distinct(folder / f'distinct-{count}', count)
    for count in {paths // 10, paths}:
        write_paths(folder / f'paths-{count}', count, min(requests, 1000))
    write_review(folder / 'review-1KB', 0)
    write_review(folder / 'review-9KB', 130)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('--small', type=int, default=1000)
    parser.add_argument('--medium', type=int, default=10000)
    parser.add_argument('--large', type=int, default=100000)
    parser.add_argument('--paths', type=int, default=20000)
    parser.add_argument('--requests', type=int, default=10000)
    write_all(**vars(parser.parse_args()))


if __name__ == '__main__':
    main()
