#!/usr/bin/env python3
"""Proves `writ serve` on a real API server.

  kube.py run --dir DIR --apiserver BIN -- cluster_test.py --writ WRIT

Needs KUBECONFIG and KUBE_DIR from kube.py. Prints one line a check and closes with `N passed, N failed, N skipped`; the exit code is
1 when a check failed. Custom resources come from $WRIT_SHARED (default: ../shared beside the repository) and, without it, from crds/.
"""
import argparse, base64, glob, http.client, json, os, re, shutil, signal, socket, ssl, subprocess, sys, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, HERE)
import kube, library

HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
MCP = "/apis/toolhive.stacklok.dev/%s/namespaces/default/mcpservers"
YAML, MERGE = "application/yaml", "application/merge-patch+json"
PINNED = "ghcr.io/example/mcp@sha256:" + 64 * "0"
DRY = "?dryRun=All"
NAME = "writ-e2e"   # of the webhook configuration; the one in webhook/deploy is `writ`

POLICY = """package e2e

policy baseline for admission of MCPServer.toolhive.stacklok.dev on create, update {
  deny when !object.spec.image.contains("@sha256:") because "pin {object.spec.image} by digest"
  deny when object.spec.transport == "stdio" && object.spec.?backendReplicas.orValue(1) > 1
       because "a stdio server takes one client: backendReplicas must be 1"
  warn when !has(object.spec.resources) because "no resource limits"
  note "image {object.spec.image}"
}

policy keep for admission of MCPServer.toolhive.stacklok.dev on delete {
  deny when oldObject.metadata.?labels.?keep.orValue("") == "yes" because "{oldObject.metadata.name} is labelled keep"
}
"""
CLOSED = POLICY + """
policy frozen for admission of MCPServer.toolhive.stacklok.dev on create {
  deny because "the fleet is frozen"
}
"""
BROKEN = POLICY.replace("object.spec.image.contains", "object.spec.image.contains(")

counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(name, ok, detail=""):
    counts["passed" if ok else "failed"] += 1
    print("%s  %s%s" % ("ok  " if ok else "FAIL", name, "" if ok else "\n        " + str(detail)[:1000]), flush=True)


def wait(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def server(name, version="v1beta1", image=PINNED, labels=None, **spec):
    return {"apiVersion": "toolhive.stacklok.dev/" + version, "kind": "MCPServer", "metadata": {"name": name, "labels": labels or {}},
            "spec": dict({"image": image, "transport": "stdio"}, **spec)}


def text(out):
    return out.get("message", "") if isinstance(out, dict) else str(out)


class Volume:
    """A folder as the kubelet lays out a ConfigMap: the files are links through `..data`, which is swapped in one step."""

    def __init__(self, path):
        self.path, self.n = path, 0
        os.makedirs(path)

    def publish(self, policy):
        self.n += 1
        stamp = "..%d" % self.n
        os.mkdir(os.path.join(self.path, stamp))
        with open(os.path.join(self.path, stamp, "fleet.writ"), "w") as f:
            f.write(policy)
        link = os.path.join(self.path, "..data_tmp")
        os.symlink(stamp, link)
        os.replace(link, os.path.join(self.path, "..data"))
        if self.n == 1:
            os.symlink("..data/fleet.writ", os.path.join(self.path, "fleet.writ"))
        else:
            shutil.rmtree(os.path.join(self.path, "..%d" % (self.n - 1)))


class Writ:
    """The program under test. stdout tells the port, stderr is the log."""

    def __init__(self, binary, directory, drain=4, policies=None, flags=()):
        self.binary, self.dir, self.drain, self.port, self.flags = binary, directory, drain, 0, flags
        self.policies = policies or os.path.join(directory, "policies")
        self.log = os.path.join(directory, "writ-%s.log" % os.path.basename(self.policies))
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [self.binary, "serve", "--policies", self.policies, *self.flags, "--listen", "127.0.0.1:%d" % self.port, "--tls-cert",
             os.path.join(self.dir, "hook.crt"), "--tls-key", os.path.join(self.dir, "hook.key"), "--watch", "--drain", str(self.drain)],
            stdout=subprocess.PIPE, stderr=open(self.log, "ab"), text=True)
        line = self.process.stdout.readline()
        match = re.match(r"writ: serving on https://127\.0\.0\.1:(\d+) \((\d+) polic(?:y|ies), bundle (sha256:[0-9a-f]{64})\)$", line)
        if not match:
            self.process.kill()
            self.process.wait()
            sys.exit("writ serve did not start: %r\n%s" % (line, self.logged()[-3000:]))
        self.port = int(match.group(1))
        return match

    def logged(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def connect(self):
        context = ssl.create_default_context(cafile=os.path.join(self.dir, "ca.crt"))
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=20)

    def get(self, path):
        connection = self.connect()
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def ready(self):
        status, body = self.get("/readyz")
        return status, json.loads(body)

    def stop(self):
        """-> exit code, after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Cluster:
    def __init__(self, directory):
        self.dir = directory
        self.admin = kube.Client(os.path.join(directory, "kubeconfig"))
        self.user = kube.Client(os.path.join(directory, "kubeconfig.dev"))

    def create(self, obj, query=""):
        return self.user.call("POST", MCP % obj["apiVersion"].split("/")[1] + query, obj)

    def stored(self, name):
        return self.admin.call("GET", MCP % "v1beta1" + "/" + name)[0] == 200

    def install_crds(self):
        shared = os.environ.get("WRIT_SHARED") or os.path.join(ROOT, "..", "shared")
        files = sorted(glob.glob(os.path.join(shared, "vectors/toolhive/manifests/deploy/charts/operator-crds/files/crds/*.yaml")))
        origin = "ToolHive's" if files else "our own"
        bad = []
        for path in files or [os.path.join(HERE, "crds", "mcpserver.yaml")]:
            with open(path, "rb") as f:
                status, out, _ = self.admin.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", f.read(), YAML)
            if status != 201:
                bad.append((os.path.basename(path), status, text(out)))
        check("%d custom resource definitions (%s) are installed" % (len(files) or 1, origin), not bad, bad)
        both = lambda: all(self.admin.call("GET", MCP % v)[0] == 200 for v in ("v1alpha1", "v1beta1"))
        check("MCPServer is served in v1alpha1 and v1beta1", wait("CRDs", both))

    def register(self, url, **change):
        with open(os.path.join(self.dir, "ca.crt"), "rb") as f:
            ca = base64.b64encode(f.read()).decode()
        hook = dict({"name": "enforce.writ.example", "clientConfig": {"url": url, "caBundle": ca}, "admissionReviewVersions": ["v1"],
                     "sideEffects": "None", "timeoutSeconds": 5, "failurePolicy": "Fail", "matchPolicy": "Equivalent",
                     "rules": [{"apiGroups": ["toolhive.stacklok.dev"], "apiVersions": ["v1alpha1", "v1beta1"],
                                "operations": ["CREATE", "UPDATE", "DELETE"], "resources": ["mcpservers"]}]}, **change)
        body = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": NAME},
                "webhooks": [hook]}
        status, out, _ = self.admin.call("GET", HOOKS + "/" + NAME)
        if status == 200:
            body["metadata"] = out["metadata"]
            return self.admin.call("PUT", HOOKS + "/" + NAME, body)
        return self.admin.call("POST", HOOKS, body)

    def denies(self, image="example:latest", version="v1beta1"):
        return self.create(server("probe", version, image=image), DRY)[0] == 403


def check_shipped(c):
    with open(os.path.join(ROOT, "webhook", "deploy", "webhook.yaml"), "rb") as f:
        status, out, _ = c.admin.call("POST", HOOKS + DRY, f.read(), YAML)
    check("the API server takes webhook/deploy/webhook.yaml, with its match condition", status == 201, (status, out))


def shipped_conditions():
    """matchConditions of webhook/deploy/webhook.yaml: a name and a folded expression each."""
    with open(os.path.join(ROOT, "webhook", "deploy", "webhook.yaml")) as f:
        found = re.findall(r"^  - name: (\S+)\n    expression: >-\n((?:      .*\n)+)", f.read(), re.M)
    return [{"name": name, "expression": " ".join(lines.split())} for name, lines in found]


def check_going_away(c, url):
    """A finalizer of one's own holds an object that is going away: nothing of it may change unjudged, and the finalizer comes off."""
    hold = ["mine.example/hold"]
    conditions = shipped_conditions()
    c.register(url, rules=[{"apiGroups": ["toolhive.stacklok.dev"], "apiVersions": ["*"], "operations": ["DELETE"], "resources": ["mcpservers"]}])
    wait("the new rule", lambda: not c.denies())
    for name, image in (("leaving", PINNED), ("stored", "example:1")):  # "stored" is older than the policy
        held = server(name, image=image)
        held["metadata"]["finalizers"] = hold
        status, out, _ = c.create(held)
        check("an object with a finalizer is stored", status == 201, (status, out))
    both = [{"apiGroups": ["toolhive.stacklok.dev"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE", "DELETE"], "resources": ["mcpservers"]}]
    c.register(url, rules=both, matchConditions=conditions)
    check("the API server takes the shipped condition", conditions and wait("the new rule", c.denies), conditions)
    one, old = MCP % "v1beta1" + "/leaving", MCP % "v1beta1" + "/stored"
    for path in (one, old):
        c.user.call("DELETE", path)
        check("... and is going away, held by it", "deletionTimestamp" in c.admin.call("GET", path)[1]["metadata"])
    for version in ("v1alpha1", "v1beta1"):
        path = MCP % version + "/leaving"
        status, out, _ = c.user.call("PATCH", path, {"spec": {"image": "example:2"}}, MERGE)
        check("a spec that changes while going away is judged (%s)" % version, status == 403 and "pin example:2" in text(out), (status, out))
        status, out, _ = c.user.call("PATCH", path, {"metadata": {"finalizers": None}, "spec": {"image": "example:2"}}, MERGE)
        check("... also together with the last finalizer", status == 403 and "pin example:2" in text(out), (status, out))
    check("... and nothing was changed", c.admin.call("GET", one)[1]["spec"]["image"] == PINNED)
    status, out, _ = c.user.call("PATCH", one, {"spec": {"image": PINNED[:-1] + "1"}}, MERGE)
    check("a good change of spec is stored", status == 200, (status, out))
    status, out, _ = c.user.call("PATCH", old, {"metadata": {"labels": {"team": "b"}}}, MERGE)
    check("a change of labels is judged", status == 403 and "pin example:1" in text(out), (status, out))
    c.register("https://127.0.0.1:1/admission", rules=both, matchConditions=conditions)
    wait("the dead address", lambda: c.create(server("probe"), DRY)[0] == 500)
    for path in (one, old):
        status, out, _ = c.user.call("PATCH", path, {"spec": {"transport": "sse"}}, MERGE)
        check("without a server no spec changes", status == 500, (status, out))
        status, out, _ = c.user.call("PATCH", path, {"metadata": {"finalizers": None}}, MERGE)
        check("... and the finalizer comes off", status == 200 and c.admin.call("GET", path)[0] == 404, (status, out))
    c.register(url)
    wait("the webhook", c.denies)


def check_verdicts(c):
    for version in ("v1alpha1", "v1beta1"):
        status, out, _ = c.create(server("bad", version, image="example:latest"))
        check("a bad MCPServer in %s is refused with the rule's message" % version,
              status == 403 and out.get("reason") == "Forbidden" and "pin example:latest by digest" in text(out), (status, out))
        check("... and is not stored", not c.stored("bad"))
    status, out, _ = c.create(server("bad", image="example:latest", backendReplicas=3))
    check("all violations are in one message", status == 403 and "pin example:latest" in text(out) and "backendReplicas must be 1" in text(out),
          (status, out))
    status, out, warnings = c.create(server("good"))
    check("a good MCPServer is stored", status == 201 and c.stored("good"), (status, out))
    check("... with the rule's warning", any("no resource limits" in w for w in warnings), warnings)
    status, out, warnings = c.create(server("limited", resources={"limits": {"cpu": "1"}}))
    check("no warning where the rule does not hold", status == 201 and not any("resource limits" in w for w in warnings), (status, out, warnings))
    status, out, _ = c.create(server("alpha", "v1alpha1"))
    check("a good MCPServer in v1alpha1 is stored", status == 201 and c.stored("alpha"), (status, out))


def check_dry_runs(c):
    status, out, _ = c.create(server("dry"), DRY)
    check("a dry run of a good one is allowed", status == 201, (status, out))
    check("... and nothing is stored", not c.stored("dry"))
    status, out, _ = c.create(server("dry", image="example:latest"), DRY)
    check("a dry run of a bad one is refused", status == 403 and "pin example:latest" in text(out), (status, out))


def check_updates_and_deletes(c):
    one = MCP % "v1beta1" + "/good"
    status, out, _ = c.user.call("PATCH", one, {"spec": {"image": "example:2"}}, MERGE)
    now = c.admin.call("GET", one)[1]
    check("a bad update is refused and changes nothing", status == 403 and now["spec"]["image"] == PINNED, (status, out))
    status, out, _ = c.user.call("PATCH", MCP % "v1alpha1" + "/good", {"spec": {"backendReplicas": 2}}, MERGE)
    check("... in v1alpha1 too", status == 403 and "backendReplicas must be 1" in text(out), (status, out))
    status, out, _ = c.user.call("PATCH", one, {"metadata": {"labels": {"keep": "yes"}}}, MERGE)
    check("a good update is stored", status == 200 and out["metadata"]["labels"]["keep"] == "yes", (status, out))
    status, out, _ = c.user.call("DELETE", one)
    check("a delete that a rule forbids is refused", status == 403 and "good is labelled keep" in text(out) and c.stored("good"), (status, out))
    status, out, _ = c.user.call("DELETE", MCP % "v1beta1" + "/alpha")
    check("another delete is done", status == 200 and not c.stored("alpha"), (status, out))


def check_equivalent(c, url):
    rule = {"apiGroups": ["toolhive.stacklok.dev"], "apiVersions": ["v1beta1"], "operations": ["CREATE", "UPDATE"], "resources": ["mcpservers"]}
    c.register(url, rules=[rule], matchPolicy="Exact")
    check("with matchPolicy Exact another version is not asked about", wait("the new rule", lambda: not c.denies(version="v1alpha1")))
    c.register(url, rules=[rule])
    check("with Equivalent it arrives converted and is refused", wait("the new rule", lambda: c.denies(version="v1alpha1")))
    c.register(url)


def check_reload(c, writ, volume):
    digest = writ.ready()[1]["policies"]["bundle"]
    check("before the change a create is allowed", c.create(server("probe"), DRY)[0] == 201)
    volume.publish(CLOSED)
    check("a changed policy decides without a restart", wait("reload", lambda: c.create(server("probe"), DRY)[0] == 403),
          writ.logged()[-1000:])
    check("... with its message", "the fleet is frozen" in text(c.create(server("probe"), DRY)[1]))
    status, state = writ.ready()
    check("... and another digest", status == 200 and state["policies"]["bundle"] != digest, state)
    volume.publish(BROKEN)
    check("a broken policy is shown in /readyz", wait("the fault", lambda: writ.ready()[1]["policies"]["stale"]), writ.logged()[-1000:])
    status, state = writ.ready()
    check("... with its place, and still ready", status == 200 and "fleet.writ:4:" in state["policies"]["lastError"]["text"], state)
    check("... and in the log", "fleet.writ:4:" in writ.logged())
    check("the old policies keep deciding", "the fleet is frozen" in text(c.create(server("probe"), DRY)[1]))
    volume.publish(POLICY)
    check("the repaired policy decides", wait("reload", lambda: c.create(server("probe"), DRY)[0] == 201))
    check("no longer stale", not writ.ready()[1]["policies"]["stale"])


def check_certificate(c, writ):
    def serial():
        context = ssl.create_default_context(cafile=os.path.join(c.dir, "ca.crt"))
        with socket.create_connection(("127.0.0.1", writ.port), 20) as tcp, context.wrap_socket(tcp, server_hostname="127.0.0.1") as tls:
            return tls.getpeercert()["serialNumber"]
    before = serial()
    kube.make_certs(c.dir, "hook", "writ")
    check("a renewed certificate is served without a restart", wait("certificate", lambda: serial() != before), writ.logged()[-1000:])
    check("... and the API server accepts it", c.denies() and c.create(server("probe"), DRY)[0] == 201)


def check_metrics(writ):
    status, body = writ.get("/metrics")
    check("metrics count the reviews", status == 200 and re.search(
        r'writ_admission_reviews_total\{dry_run="false",operation="CREATE",verdict="denied"\} [1-9]', body) is not None, body[:2000])
    check("healthz answers", writ.get("/healthz")[0] == 200)


def check_stopped(c, writ):
    code = writ.stop()
    check("SIGTERM ends the server with exit code 0", code == 0, (code, writ.logged()[-1000:]))
    status, out, _ = c.create(server("unguarded"))
    check("with the server stopped nothing is admitted", status == 500 and "failed calling webhook" in text(out), (status, out))
    check("... and nothing is stored", not c.stored("unguarded"))
    writ.start()
    check("started again on its port it decides again", wait("decisions", lambda: c.create(server("probe"), DRY)[0] == 201) and c.denies())


def check_drain(c, writ):
    """Load through the API server while the server ends: every request gets a verdict until no connection can be made any more."""
    stop, results = threading.Event(), []

    def load():
        client = kube.Client(os.path.join(c.dir, "kubeconfig.dev"))
        while not stop.is_set():
            status, out, _ = client.call("POST", MCP % "v1beta1" + DRY, server("load"))
            results.append((status, "" if status == 201 else text(out)))
            if status != 201:
                return

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait("load", lambda: len(results) > 200)
    before = len(results)
    code = writ.stop()
    stop.set()
    for thread in threads:
        thread.join()
    refused = [t for s, t in results if s != 201]
    check("a drain under load answers on (%d requests before, %d after SIGTERM)" % (before, len(results) - before), len(results) > before + 8)
    check("... and loses none: what fails could not connect any more", all("connection refused" in t for t in refused), refused[:3])
    check("... and ends with exit code 0", code == 0, code)
    check("... having said so", '"msg":"drained"' in writ.logged(), writ.logged()[-500:])


def check_manifests(c):
    """The manifests that users copy are ones that an API server takes."""
    documents = []
    for path in sorted(glob.glob(os.path.join(ROOT, "webhook", "deploy", "*.yaml"))):
        with open(path) as f:
            documents += [d for d in re.split(r"^---\s*$", f.read(), flags=re.M) if re.search(r"^kind:", d, re.M)]
    routes = {"Namespace": "/api/v1/namespaces", "Service": "/api/v1/namespaces/%s/services", "ConfigMap": "/api/v1/namespaces/%s/configmaps",
              "ServiceAccount": "/api/v1/namespaces/%s/serviceaccounts", "Deployment": "/apis/apps/v1/namespaces/%s/deployments",
              "PodDisruptionBudget": "/apis/policy/v1/namespaces/%s/poddisruptionbudgets",
              "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/%s/networkpolicies", "ValidatingWebhookConfiguration": HOOKS}
    bad, taken = [], 0
    for document in documents:
        kind = re.search(r"^kind: (\w+)", document, re.M).group(1)
        space = re.search(r"^  namespace: (\S+)", document, re.M)
        path = routes[kind] % space.group(1) if "%s" in routes[kind] else routes[kind]
        query = "" if kind == "Namespace" else DRY + "&fieldValidation=Strict"
        status, out, _ = c.admin.call("POST", path + query, document.encode(), YAML)
        taken += status == 201
        if status != 201:
            bad.append((kind, status, text(out)))
    check("the API server takes the manifests of webhook/deploy (%d objects)" % taken, taken > 0 and not bad, bad)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--writ", required=True)
    parser.add_argument("--kinds", default="ok", help="what kinds.py --check said")
    parser.add_argument("--manifests", default="ok", help="what manifests.py said")
    args = parser.parse_args()
    directory = os.environ["KUBE_DIR"]
    cluster, volume, writ = Cluster(directory), Volume(os.path.join(directory, "policies")), Writ(args.writ, directory)
    kube.make_certs(directory, "hook", "writ")
    volume.publish(POLICY)
    cluster.install_crds()
    started = writ.start()
    others = []

    def another(policies, flags):
        others.append(Writ(args.writ, directory, policies=policies, flags=flags))
        others[-1].start()
        return others[-1]
    check("the API server takes the manifests of tests/library", args.manifests == "ok", args.manifests)
    check("the table of kinds is what the API server says", args.kinds == "ok", args.kinds)
    try:
        check("writ serve starts with TLS and says what it serves", started.group(2) == "2")
        check("/readyz is 200", writ.ready()[0] == 200)
        url = "https://127.0.0.1:%d/admission" % writ.port
        status, out, _ = cluster.register(url)
        check("the webhook is registered", status == 201, out)
        check("the API server asks it", wait("the webhook", cluster.denies), writ.logged()[-1000:])
        check_shipped(cluster)
        check_verdicts(cluster)
        check_dry_runs(cluster)
        check_updates_and_deletes(cluster)
        check_equivalent(cluster, url)
        check_going_away(cluster, url)
        check_reload(cluster, writ, volume)
        check_certificate(cluster, writ)
        check_metrics(writ)
        check_manifests(cluster)
        check_stopped(cluster, writ)
        check_drain(cluster, writ)
        for part in (library.check_library, library.check_rollout):
            part(cluster, check, wait, text, another, others)
    finally:
        for each in [writ] + others:
            if each.process.poll() is None:
                each.process.kill()
                each.process.wait()
        print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts, flush=True)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
