"""Pod templates: those of the policy library's own tests, good ones, and hostile ones made for a pod of the operator's."""
import copy
import json
import os
import random
import re

ENFORCING = ('vmcp', 'toolhive', 'embedding', 'registry-api', 'mcp')
DIGEST = 'sha256:' + '7' * 64
IMAGE = 'ghcr.io/stacklok/helper@' + DIGEST
OTHER_IMAGE = 'ghcr.io/stacklok/other@' + DIGEST
# How a strategic merge patch finds the item of a list that it changes.
MERGE_KEYS = {'containers': 'name', 'initContainers': 'name', 'ephemeralContainers': 'name', 'env': 'name', 'volumeMounts': 'mountPath',
              'ports': 'containerPort', 'volumes': 'name', 'imagePullSecrets': 'name', 'hostAliases': 'ip', 'volumeDevices': 'devicePath'}


# -- templates of the library's tests
# --------------------------------------------------------------------------------------------------

class NotPlain(Exception):
    """A map of a test that is not made of literals only."""


TOKEN = re.compile(r'''\s*(?://[^\n]*\n\s*)*(?:(?P<punctuation>[{}\[\]:,])|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')'''
                   r'''|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![\w.])|(?P<word>true|false|null)\b)''')


class Literal:
    def __init__(self, text, at):
        self.text, self.at = text, at

    def next(self):
        found = TOKEN.match(self.text, self.at)
        if not found:
            raise NotPlain(self.text[self.at:self.at + 40])
        self.at = found.end()
        return found.lastgroup, found.group(found.lastgroup)

    def peek(self):
        at = self.at
        kind, text = self.next()
        self.at = at
        return text if kind == 'punctuation' else None

    def value(self):
        kind, text = self.next()
        if kind == 'string':
            return json.loads(text, strict=False) if text[0] == '"' else json.loads(json.dumps(text[1:-1].replace("\\'", "'")))
        if kind in ('number', 'word'):
            return json.loads(text)
        if text == '{':
            return self.members()
        if text == '[':
            return self.items()
        raise NotPlain(text)

    def listed(self, end, read):
        """Calls `read` for each entry up to `end`; commas stand between them, and may at the end."""
        while self.peek() != end:
            read()
            if self.peek() == ',':
                self.next()
            elif self.peek() != end:
                raise NotPlain(self.text[self.at:self.at + 40])
        self.next()

    def members(self):
        found = {}

        def member():
            key = self.value()
            if self.next()[1] != ':':
                raise NotPlain(key)
            found[key] = self.value()
        self.listed('}', member)
        return found

    def items(self):
        found = []
        self.listed(']', lambda: found.append(self.value()))
        return found


def of_tests(folder):
    """The templates of `admit …` lines below the folder: (where, template). Also how many were not made of literals."""
    found, odd = [], []
    for path, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if not name.endswith('.writ'):
                continue
            text = open(os.path.join(path, name), encoding='utf-8').read()
            for start in re.finditer(r'(?:\badmit\s+\w+|\bwas)\s*(?=\{)', text):
                where = '%s:%d' % (os.path.relpath(os.path.join(path, name), folder), text.count('\n', 0, start.start()) + 1)
                try:
                    made = Literal(text, start.end()).value()
                except (NotPlain, ValueError) as error:
                    odd.append('%s: %s' % (where, error))
                    continue
                spec = made.get('spec')
                template = spec.get('podTemplateSpec') if isinstance(spec, dict) else None
                if isinstance(template, dict) and template:
                    found.append((where, template))
    return found, odd


def for_container(template, container):
    """The same template with its enforcing containers named as this kind names it."""
    template = copy.deepcopy(template)

    def rename(value):
        if isinstance(value, dict):
            for key, item in value.items():
                if key.lower() == 'name' and isinstance(item, str) and item in ENFORCING:
                    value[key] = container
                rename(item)
        elif isinstance(value, list):
            for item in value:
                rename(item)

    spec = template.get('spec') or template.get('Spec')
    if isinstance(spec, dict):
        for key in spec:
            if key.lower().endswith('containers'):
                rename(spec[key])
    return template


# -- good templates
# --------------------------------------------------------------------------------------------------

def good(container):
    """Templates that a good manifest has: accepted, and nothing is weakened."""
    def own(**fields):
        return {'spec': {'containers': [dict({'name': container}, **fields)]}}

    sidecar = {'name': 'helper', 'image': IMAGE, 'resources': {'limits': {'cpu': '50m', 'memory': '32Mi'}},
               'securityContext': {'runAsNonRoot': True, 'allowPrivilegeEscalation': False, 'readOnlyRootFilesystem': True,
                                   'capabilities': {'drop': ['ALL']}}}
    return [
        {},
        {'metadata': {'labels': {'team': 'a'}, 'annotations': {'prometheus.io/scrape': 'true', 'sidecar.istio.io/inject': 'true'}}},
        {'spec': {'nodeSelector': {'kubernetes.io/os': 'linux'}, 'priorityClassName': 'high', 'imagePullSecrets': [{'name': 'pull'}]}},
        {'spec': {'affinity': {'podAntiAffinity': {'preferredDuringSchedulingIgnoredDuringExecution': [
            {'weight': 1, 'podAffinityTerm': {'topologyKey': 'zone', 'labelSelector': {'matchLabels': {'app': 'a'}}}}]}}}},
        {'spec': {'topologySpreadConstraints': [{'maxSkew': 1, 'topologyKey': 'zone', 'whenUnsatisfiable': 'ScheduleAnyway',
                                                 'labelSelector': {'matchLabels': {'app': 'a'}}}]}},
        {'spec': {'terminationGracePeriodSeconds': 60, 'securityContext': {'runAsNonRoot': True, 'runAsUser': 1001, 'fsGroup': 1001}}},
        {'spec': {'containers': [sidecar]}},
        {'spec': {'initContainers': [dict(sidecar, name='wait')]}},
        {'spec': {'volumes': [{'name': 'scratch', 'emptyDir': {}}]}},
        own(resources={'limits': {'cpu': '1', 'memory': '1Gi'}, 'requests': {'cpu': '100m'}}),
        own(securityContext={'runAsNonRoot': True, 'runAsUser': 1001, 'allowPrivilegeEscalation': False}),
        own(),
    ]


# -- hostile templates
# --------------------------------------------------------------------------------------------------

DIRECTIVES = [None, {'$patch': 'delete'}, {'$patch': 'replace'}, {'$patch': 'merge'}]
WRONG = [[], {}, '', 0, False, True, 'x', -1, [None], [{'$patch': 'replace'}], [{'$patch': 'delete'}], [[]], {'': None}]
CONTEXT = {
    'privileged': [True, 'true'], 'allowPrivilegeEscalation': [True], 'readOnlyRootFilesystem': [False], 'runAsNonRoot': [False, 0],
    'runAsUser': [0, 0.0, -0.0, '0'], 'runAsGroup': [0, 0.0], 'procMount': ['Unmasked'],
    'capabilities': [{'add': ['SYS_ADMIN']}, {'drop': []}, {'drop': ['NET_RAW']}, {}, None, {'drop': None}, {'$deleteFromPrimitiveList/drop': ['ALL']},
                     {'$patch': 'replace'}, {'$retainKeys': ['add'], 'add': ['NET_ADMIN']}],
    'seccompProfile': [{'type': 'Unconfined'}, {'type': 'Localhost', 'localhostProfile': 'a.json'}, None, {'$patch': 'delete'},
                       {'$retainKeys': ['type'], 'type': 'Unconfined'}],
    'appArmorProfile': [{'type': 'Unconfined'}, {'type': 'Localhost', 'localhostProfile': 'a'}],
    'seLinuxOptions': [{'type': 'spc_t'}, {'user': 'system_u', 'role': 'system_r', 'type': 'container_runtime_t', 'level': 's0'}],
    'windowsOptions': [{'hostProcess': True}], 'supplementalGroups': [[0], [1, 0]], 'fsGroup': [0], 'sysctls': [[{'name': 'net.core.somaxconn', 'value': '1'}]],
}
CONTAINER = {
    'image': [OTHER_IMAGE, IMAGE, ''], 'imagePullPolicy': ['Never', 'IfNotPresent', ''], 'command': [['sh', '-c', 'true'], ['/bin/sh']],
    'args': [['serve', '--config=/tmp/own.yaml'], ['--help'], [''], ['run', '--foreground=true', 'x']], 'workingDir': ['/tmp', '/'],
    'envFrom': [[{'configMapRef': {'name': 'own'}}], [{'secretRef': {'name': 'own'}, 'prefix': 'A_'}]],
    'env': [[{'name': name, 'value': value}] for name, value in [
        ('VMCP_SKIP_OIDC_DISCOVERY', 'true'), ('INSECURE_DISABLE_URL_VALIDATION', 'true'), ('TOOLHIVE_DEV', 'true'), ('SSL_CERT_FILE', '/tmp/ca'),
        ('SSL_CERT_DIR', '/tmp'), ('GODEBUG', 'x509ignoreCN=0'), ('HTTPS_PROXY', 'http://own:1'), ('https_proxy', 'http://own:1'), ('ALL_PROXY', 'x'),
        ('NO_PROXY', '*'), ('KUBERNETES_SERVICE_HOST', '10.0.0.9'), ('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://own'),
        ('OTEL_RESOURCE_ATTRIBUTES', 'a=b'), ('TOOLHIVE_SECRETS_PROVIDER', 'none'), ('XDG_CONFIG_HOME', '/data'), ('XDG_RUNTIME_DIR', '/data'), ('HOME', '/data'), ('PATH', '/tmp'),
        ('LD_PRELOAD', '/tmp/a.so'), ('LD_LIBRARY_PATH', '/tmp'), ('TOOLHIVE_RUNTIME', 'docker'), ('THV_SESSION_REDIS_PASSWORD', ''),
        ('VMCP_SESSION_HMAC_SECRET', 'known'), ('VMCP_NAMESPACE', 'other'), ('VMCP_NAME', 'other'), ('TOOLHIVE_DEBUG', 'true'), ('TMPDIR', '/etc'),
        ('PGHOST', 'own'), ('PGPASSFILE', '/tmp/own'), ('PGSSLMODE', 'disable'), ('HF_ENDPOINT', 'http://own'), ('MODEL_ID', 'own/model'), ('HF_HOME', '/tmp'), ('SSLKEYLOGFILE', '/tmp/keys'),
        ('TOOLHIVE_OTEL_HEADER_A', 'b'), ('TOOLHIVE_AUTH_SERVER_REDIS_PASSWORD', 'x'), ('AWS_ENDPOINT_URL', 'http://own'), ('HOSTALIASES', '/tmp/h')]],
    'volumeMounts': [[dict({'name': 'own', 'mountPath': path}, **more)] for path in [
        '/etc', '/', '/etc/', '/etc/ssl/certs', '/etc/passwd', '/usr/bin', '/ko-app', '/app', '/lib', '/proc', '/dev', '/sys', '/var/run/secrets/kubernetes.io/serviceaccount',
        '/run', '/var', '/root', '/home/appuser', '//etc', '/./etc', '/tmp/../etc', 'etc', '/ETC/../etc', '/etc/resolv.conf', '/etc/hosts']
        for more in [{}, {'readOnly': True, 'subPath': 'a'}]]
    + [[{'name': 'own', 'mountPath': '/scratch', 'mountPropagation': 'Bidirectional'}]],
    'volumeDevices': [[{'name': 'own', 'devicePath': '/dev/sda'}]],
    'ports': [[{'containerPort': 9999, 'hostPort': 80}], [{'containerPort': 9999, 'name': 'http'}], [{'containerPort': 9998, 'hostIP': '0.0.0.0', 'hostPort': 1}]],
    'lifecycle': [{'postStart': {'exec': {'command': ['sh', '-c', 'true']}}}, {'preStop': {'exec': {'command': ['sh']}}},
                  {'postStart': {'httpGet': {'host': '169.254.169.254', 'port': 80}}}, {'preStop': {'tcpSocket': {'host': '10.0.0.1', 'port': 1}}}],
    'terminationMessagePath': ['/etc/vmcp-config/config.yaml', '/etc/runconfig/runconfig.json', '/config/config.yaml', '/etc/ssl/certs/ca-certificates.crt',
                               '/dev/../etc/passwd'],
    **{probe: [{'exec': {'command': ['sh', '-c', 'true']}}, {'httpGet': None, 'exec': {'command': ['sh']}}, {'$patch': 'replace', 'exec': {'command': ['sh']}},
               {'$retainKeys': ['exec'], 'exec': {'command': ['sh']}}, {'httpGet': {'host': '169.254.169.254', 'port': 80}},
               {'httpGet': {'host': '169.254.169.254'}}, {'httpGet': None, 'tcpSocket': {'host': '10.0.0.1', 'port': 22}}]
       for probe in ('livenessProbe', 'readinessProbe', 'startupProbe')},
}
POD = {
    'hostNetwork': [True, 'true', 1], 'hostPID': [True], 'hostIPC': [True], 'shareProcessNamespace': [True], 'hostAliases': [[{'ip': '10.0.0.9', 'hostnames': ['idp.example.com']}]],
    'dnsConfig': [{'nameservers': ['10.0.0.9']}, {'searches': ['own.example.com']}], 'dnsPolicy': ['None', 'Default'], 'nodeName': ['control-plane'],
    'serviceAccountName': ['cluster-admin', 'default', ''], 'serviceAccount': ['cluster-admin'], 'automountServiceAccountToken': [True, False],
    'volumes': [[dict({'name': 'own'}, **source)] for source in [
        {'hostPath': {'path': '/'}}, {'hostPath': {'path': '/var/run/docker.sock', 'type': 'Socket'}}, {'nfs': {'server': '10.0.0.1', 'path': '/'}}, {'csi': {'driver': 'x'}}, {'image': {'reference': IMAGE}},
        {'flexVolume': {'driver': 'x'}}, {'iscsi': {'targetPortal': '10.0.0.1', 'iqn': 'x', 'lun': 0}}, {'gitRepo': {'repository': 'https://own.example.com'}},
        {'emptyDir': None, 'hostPath': {'path': '/'}}, {'cephfs': {'monitors': ['a']}}, {'glusterfs': {'endpoints': 'a', 'path': 'b'}}, {'azureFile': {'secretName': 'a', 'shareName': 'b'}},
        {'projected': {'sources': [{'serviceAccountToken': {'path': 'token', 'audience': 'api'}}]}},
        {'projected': {'sources': [{'configMap': {'name': 'a'}}, {'serviceAccountToken': {'path': 'token'}}]}}]],
}


def with_own_volume(template):
    """A mount of the volume `own` needs one."""
    template = copy.deepcopy(template)
    spec = template.get('spec')
    if isinstance(spec, dict) and '"own"' in json.dumps(spec) and not isinstance(spec.get('volumes'), list):
        spec.setdefault('volumes', [{'name': 'own', 'configMap': {'name': 'own'}}])
    return template


def wrong_letters(key):
    """Spellings that Go's encoding/json takes for the key: other case, and the two letters outside ASCII that fold to k and s."""
    return {key[:1].upper() + key[1:], key.upper(), key.lower(), key.replace('s', '\u017f', 1), key.replace('k', '\u212a', 1), key.replace('S', '\u017f', 1)} - {key}


def attacks(container):
    """(label, template): one bad thing in each place where it may stand."""
    def placed(fields):
        yield {'spec': {'containers': [dict({'name': container}, **fields)]}}
        yield {'spec': {'containers': [dict({'name': 'helper', 'image': IMAGE}, **fields)]}}
        yield {'spec': {'initContainers': [dict({'name': 'before', 'image': IMAGE}, **fields)]}}
        yield {'spec': {'initContainers': [dict({'name': 'aside', 'image': IMAGE, 'restartPolicy': 'Always'}, **fields)]}}

    for name, values in POD.items():
        for value in values + DIRECTIVES:
            yield {'spec': {name: value}}
    for name, values in CONTEXT.items():
        for value in values + DIRECTIVES:
            yield {'spec': {'securityContext': {name: value}}}
            yield from placed({'securityContext': {name: value}})
    for name, values in CONTAINER.items():
        for value in values + DIRECTIVES:
            yield from placed({name: value})
    for value in DIRECTIVES[1:]:
        yield from ({part: value} for part in ('metadata', 'spec'))
        yield dict(value, spec={})
        yield {'spec': {'containers': [dict(value, name=container)]}}
        yield {'spec': {'containers': [value, {'name': container, 'image': IMAGE}]}}
        yield {'spec': {'containers': [{'name': container, 'image': IMAGE}, value]}}
    for key in ('container.apparmor.security.beta.kubernetes.io/' + container, 'seccomp.security.alpha.kubernetes.io/pod'):
        yield {'metadata': {'annotations': {key: 'unconfined'}}}


def respelt(template, rng):
    """The template with one key in other letters, at a depth that differs from call to call."""
    places = []

    def walk(value):
        if isinstance(value, dict):
            places.extend((value, key) for key in value if wrong_letters(key) and not key.startswith('$'))
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    template = copy.deepcopy(template)
    walk(template)
    if places:
        value, key = rng.choice(places)
        value[rng.choice(sorted(wrong_letters(key)))] = value.pop(key)
    return template


def addressed(pod):
    """Every member that the operator sets: (path, value, function that makes the template with another value there)."""
    def walk(value, build, path):
        if isinstance(value, dict):
            for key, item in value.items():
                yield path + [key], item, lambda new, key=key: build({key: new}), lambda more, build=build: build(more), key
                yield from walk(item, lambda new, key=key: build({key: new}), path + [key])
        elif isinstance(value, list):
            key = MERGE_KEYS.get(path[-1])
            for item in value:
                if isinstance(item, dict) and key:
                    name = item[key]
                    yield from walk(item, lambda new, name=name: build([dict({key: name}, **new)]), path + [str(name)])

    return walk(pod, lambda new: new, [])


def around(pod, container):
    """Templates that aim at each member of this pod: taken away, replaced, of a wrong type, and through each directive of a patch."""
    for path, value, put, beside, key in addressed(pod):
        for new in DIRECTIVES + WRONG:
            if new != value:
                yield put(new)
        yield beside({'$retainKeys': []})
        yield beside({'$retainKeys': [key]})
        if not isinstance(value, (dict, list)):
            continue
        yield beside({'$setElementOrder/' + key: []})
        yield beside({'$retainKeys': [key], key: {}})
        if isinstance(value, dict):
            yield put({'$patch': 'replace', 'name': container})
            continue
        yield beside({'$deleteFromPrimitiveList/' + key: value})
        yield beside({'$deleteFromPrimitiveList/' + key: value, key: value[:1]})
        yield beside({'$setElementOrder/' + key: list(reversed(value))})
        name = MERGE_KEYS.get(key)
        for item in value:
            if name and isinstance(item, dict):
                yield put([{name: item[name], '$patch': 'delete'}])
                yield put([{name: item[name], '$patch': 'replace'}])
                yield put([{name: item[name]}, {name: item[name]}])
                yield put([{name: item[name], '$retainKeys': [name]}])
                yield put([item, dict(item)])
                yield put([{name: item[name], '$patch': 'delete'}, {name: item[name], 'image': IMAGE, 'emptyDir': {}, 'value': ''}])
            else:
                yield put([item])
    yield from shadows(pod, container)


def shadows(pod, container):
    """Volumes and mounts that lie on the operator's own."""
    spec = pod['spec']
    own = next(item for item in spec['containers'] if item['name'] == container)
    for volume in spec.get('volumes') or []:
        for source in ({'emptyDir': {}}, {'configMap': {'name': 'own'}}, {'secret': {'secretName': 'own'}}, {'hostPath': {'path': '/'}},
                       {'$retainKeys': ['name', 'emptyDir'], 'emptyDir': {}}, {'$patch': 'replace', 'emptyDir': {}}):
            yield {'spec': {'volumes': [dict({'name': volume['name']}, **source)]}}
        nulled = {key: None for key in volume if key != 'name'}
        yield {'spec': {'volumes': [dict({'name': volume['name'], 'emptyDir': {}}, **nulled)]}}
    for mount in own.get('volumeMounts') or []:
        path, name = mount['mountPath'], mount['name']
        tries = [{'name': 'own', 'mountPath': path}, {'name': name, 'mountPath': path, 'subPath': 'x'}, {'name': 'own', 'mountPath': path + '/'},
                 {'name': 'own', 'mountPath': posix_parent(path)}, {'name': 'own', 'mountPath': path + '/config.yaml', 'subPath': 'config.yaml'},
                 {'name': 'own', 'mountPath': '/' + path}, {'name': 'own', 'mountPath': path + '/.'}, {'name': 'own', 'mountPath': '/tmp/..' + path},
                 {'name': name, 'mountPath': '/elsewhere'}, {'name': name, 'mountPath': path, 'readOnly': False}, {'name': 'own', 'mountPath': path[1:]},
                 {'mountPath': path, '$patch': 'delete'}, {'mountPath': path, '$patch': 'replace', 'name': 'own'}, {'mountPath': path, 'name': 'own', 'subPathExpr': '$(HOME)'}]
        for item in tries:
            yield {'spec': {'containers': [{'name': container, 'volumeMounts': [item]}]}}
    for entry in own.get('env') or []:
        for change in ({'value': ''}, {'value': 'own'}, {'value': 'own', 'valueFrom': None}, {'valueFrom': {'secretKeyRef': {'name': 'own', 'key': 'own'}}},
                       {'$patch': 'delete'}, {'$patch': 'replace', 'value': 'own'}):
            yield {'spec': {'containers': [{'name': container, 'env': [dict({'name': entry['name']}, **change)]}]}}
            yield {'spec': {'containers': [{'name': container, 'env': [{'name': entry['name'].lower()}, dict({'name': entry['name']}, **change)]}]}}


def posix_parent(path):
    return path.rsplit('/', 1)[0] or '/'


def merged(a, b):
    """Both in one template; where they differ, items of lists follow each other and the second value stays."""
    if isinstance(a, dict) and isinstance(b, dict):
        return {key: merged(a[key], b[key]) if key in a and key in b else a.get(key, b.get(key)) for key in {**a, **b}}
    if isinstance(a, list) and isinstance(b, list):
        named = {item['name']: i for i, item in enumerate(a) if isinstance(item, dict) and isinstance(item.get('name'), str)}
        made = list(a)
        for item in b:
            at = named.get(item.get('name')) if isinstance(item, dict) and isinstance(item.get('name'), str) else None
            if at is None:
                made.append(item)
            else:
                made[at] = merged(made[at], item)
        return made
    return b


def hostile(pod, container, seed, count):
    """All single attacks, then `count` drawn ones: two or three of them (or of the good ones) in one template, or one with a key in other letters."""
    singles = [with_own_volume(template) for template in list(attacks(container)) + list(around(pod, container))]
    yield from singles
    rng = random.Random('%s %s' % (seed, container))
    for _ in range(count):
        template = copy.deepcopy(rng.choice(singles))
        how = rng.random()
        if how < 0.4:
            template = respelt(template, rng)
        else:
            for _ in range(rng.choice((1, 1, 2))):
                template = merged(template, copy.deepcopy(rng.choice(singles if how < 0.8 else good(container))))
        yield with_own_volume(template)
