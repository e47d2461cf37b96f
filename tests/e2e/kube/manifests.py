#!/usr/bin/env python3
"""manifests.py FOLDER…: dry-runs the manifests of the folders on the API server of $KUBECONFIG, with ToolHive's own custom resources.

Says which are refused, or lose a field that their schema does not have. kube.py run sets KUBECONFIG.
"""
import glob, os, re, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from kinds import get, install, toolhive_crds
from kube import Client


def documents(folder):
    """-> (file, text) of each document."""
    for path in sorted(glob.glob(os.path.join(folder, "*.yaml"))):
        with open(path) as f:
            for text in re.split(r"^---\s*$", f.read(), flags=re.M):
                if re.search(r"^kind:", text, re.M):
                    yield path, text


def main():
    client = Client(os.environ["KUBECONFIG"])
    install(client, toolhive_crds())
    plurals = {r["kind"]: r["name"] for version in ("v1alpha1", "v1beta1")
               for r in get(client, "/apis/toolhive.stacklok.dev/" + version)["resources"] if "/" not in r["name"]}
    taken, refused = 0, []
    for folder in sys.argv[1:]:
        for path, text in documents(folder):
            version, kind = (re.search(r"^%s: *(\S+)" % key, text, re.M)[1] for key in ("apiVersion", "kind"))
            space = re.search(r"^  namespace: *\"?([a-z0-9-]+)", text, re.M) or re.search(r"^metadata: .*namespace: *([^,}\s]+)", text, re.M)
            url = "/apis/%s/namespaces/%s/%s?dryRun=All&fieldValidation=Strict" % (version, space[1] if space else "default", plurals[kind])
            if space:
                client.call("POST", "/api/v1/namespaces", {"metadata": {"name": space[1]}})
            status, out, _ = client.call("POST", url, re.sub(r"^  resourceVersion:.*\n", "", text, flags=re.M).encode(), "application/yaml")
            taken += status == 201
            if status != 201:
                refused.append("%s: %s: %s" % (os.path.relpath(path), kind, out["message"] if isinstance(out, dict) else out))
    print("\n".join(refused), file=sys.stderr)
    print("%d objects taken" % taken, file=sys.stderr)
    return 1 if refused or not taken else 0


if __name__ == "__main__":
    sys.exit(main())
