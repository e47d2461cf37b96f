"""Debian's docker-registry as a process, and small images in it. Standard library only.

docker-registry 2.8 has no referrers API: clients keep the list of referrers under the fallback tag `sha256-HEX`.
"""
import base64, ctypes, gzip, hashlib, http.client, io, json, os, signal, socket, ssl, subprocess, tarfile, time

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
# An htpasswd file needs bcrypt, which neither Python nor openssl has; this one is of PASSWORD, which guards nothing.
USER, PASSWORD = "reader", "not-a-secret"
HTPASSWD = USER + ":$2b$05$MPUZQnVVRtuZ9VCtrsk0suBKGH9LGDQFNYV1OjWhmwJ13LlLPcBSe\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tied():
    """For preexec_fn: the child ends with this process, however this one ends (Linux)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait(condition, seconds=20):
    """-> whether the condition became true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def encode(value):
    return json.dumps(value, separators=(",", ":")).encode()


def basic_auth():
    return base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode()


class Registry:
    """A registry at `host` (127.0.0.1:PORT), asked over plain HTTP; with `ca` (a PEM file) over TLS, as USER."""

    def __init__(self, host, ca=None):
        self.host, self.ca = host, ca

    def request(self, method, path, body=None, **headers):
        """-> status, headers in small letters, body."""
        if self.ca:
            headers["Authorization"] = "Basic " + basic_auth()
            connection = http.client.HTTPSConnection(self.host, timeout=20, context=ssl.create_default_context(cafile=self.ca))
        else:
            connection = http.client.HTTPConnection(self.host, timeout=20)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()
        finally:
            connection.close()

    def put_blob(self, repository, data):
        status, headers, body = self.request("POST", "/v2/%s/blobs/uploads/" % repository, b"")
        assert status == 202, (status, body)
        place = headers["location"].removeprefix("https://" if self.ca else "http://").removeprefix(self.host)
        place += ("&" if "?" in place else "?") + "digest=" + digest_of(data)
        status, _, body = self.request("PUT", place, data, **{"Content-Type": "application/octet-stream"})
        assert status == 201, (status, body)

    def put_manifest(self, repository, reference, data, media_type=MANIFEST):
        status, _, body = self.request("PUT", "/v2/%s/manifests/%s" % (repository, reference), data, **{"Content-Type": media_type})
        assert status == 201, (status, body)
        return digest_of(data)

    def manifest(self, repository, reference):
        status, _, body = self.request("GET", "/v2/%s/manifests/%s" % (repository, reference), Accept=MANIFEST + ", " + INDEX)
        assert status == 200, (status, repository, reference)
        return body

    def push(self, repository, tag="1.0", arch="amd64"):
        """An image of one tiny layer; what is in it depends on the arguments only. -> digest."""
        script = b"#!/bin/sh\nexec /app/server\n"
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            entry = tarfile.TarInfo("app/run")
            entry.size, entry.mode = len(script), 0o755
            tar.addfile(entry, io.BytesIO(script))
        layer = gzip.compress(packed.getvalue(), mtime=0)
        config = encode({"architecture": arch, "os": "linux", "config": {"Labels": {"name": repository, "version": tag}},
                         "rootfs": {"type": "layers", "diff_ids": [digest_of(packed.getvalue())]}})
        for blob in layer, config:
            self.put_blob(repository, blob)
        return self.put_manifest(repository, tag, encode({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(config), "size": len(config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest_of(layer), "size": len(layer)}]}))

    def push_index(self, repository, tag="1.0"):
        """An image for two platforms. -> digest of the index."""
        entries = []
        for arch in "amd64", "arm64":
            digest = self.push(repository, tag + "-" + arch, arch)
            size = len(self.manifest(repository, digest))
            entries.append({"mediaType": MANIFEST, "digest": digest, "size": size, "platform": {"os": "linux", "architecture": arch}})
        return self.put_manifest(repository, tag, encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}), INDEX)

    def copy_signatures(self, repository, digest, other):
        """What somebody does who wants the signatures of one image to count for another in its repository: the `.sig` tag once more, and
        referrers whose subject is the other image."""
        self.put_manifest(repository, other.replace(":", "-") + ".sig", self.manifest(repository, digest.replace(":", "-") + ".sig"))
        index = json.loads(self.manifest(repository, digest.replace(":", "-")))
        for entry in index["manifests"]:
            referrer = json.loads(self.manifest(repository, entry["digest"]))
            referrer["subject"].update(digest=other, size=len(self.manifest(repository, other)))
            data = encode(referrer)
            entry.update(digest=self.put_manifest(repository, digest_of(data), data), size=len(data))
        self.put_manifest(repository, other.replace(":", "-"), encode(index), INDEX)


class DockerRegistry(Registry):
    """A docker-registry of our own, with its contents in a folder. It can be stopped and started again on its port. With `tls`, the names of
    certificate, key and CA, it wants USER's password."""

    def __init__(self, folder, tls=None):
        super().__init__("127.0.0.1:%d" % free_port(), tls and tls[2])
        self.folder, self.process = folder, None
        os.makedirs(os.path.join(folder, "data"))
        self.log = os.path.join(folder, "registry.log")
        config = {"version": "0.1", "log": {"level": "error"}, "storage": {"filesystem": {"rootdirectory": os.path.join(folder, "data")}},
                  "http": {"addr": self.host}}
        if tls:
            config["http"]["tls"] = {"certificate": tls[0], "key": tls[1]}
            with open(os.path.join(folder, "htpasswd"), "w") as f:
                f.write(HTPASSWD)
            config["auth"] = {"htpasswd": {"realm": "test", "path": os.path.join(folder, "htpasswd")}}
        with open(os.path.join(folder, "registry.json"), "w") as f:
            json.dump(config, f)  # JSON is YAML
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", os.path.join(self.folder, "registry.json")], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, preexec_fn=tied)
        if not wait(self.answers):
            raise RuntimeError("docker-registry does not answer:\n" + self.logged()[-2000:])

    def answers(self):
        try:
            return self.request("GET", "/v2/")[0] == 200
        except OSError:
            if self.process.poll() is not None:
                raise RuntimeError("docker-registry ended at once, see its log:\n" + self.logged()[-2000:])
            return False

    def logged(self):
        with open(self.log) as log:
            return log.read()

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def blob_file(self, digest):
        """Where the registry keeps a blob."""
        return os.path.join(self.folder, "data/docker/registry/v2/blobs/sha256", digest[7:9], digest[7:], "data")

    def asked_by(self, client):
        """-> how many requests the access log has of a user agent that begins so."""
        return self.logged().count(' "%s' % client)
