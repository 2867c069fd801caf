#!/usr/bin/env python3
"""Packs files into an image, without a container engine: an OCI layout in one tar file, for `ctr images import`.

Usage: node-image.py OUT.tar NAME USER CONFIG-JSON SOURCE:TARGET...
       node-image.py OUT.tar NAME LAYOUT
A SOURCE that begins with @ makes a symbolic link to what follows. LAYOUT is an OCI layout with one
image, or one index of platforms, which gets that NAME.
"""

import hashlib
import io
import json
import os
import sys
import tarfile


def add(tar, name, content=b"", **fields):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    for field, value in fields.items():
        setattr(entry, field, value)
    tar.addfile(entry, io.BytesIO(content))


def layer(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folders = {"dev", "etc", "proc", "sys"}
        for file in files:
            source, target = file.rsplit(":", 1)
            for end in range(1, target.count("/") + 1):
                folders.add("/".join(target.split("/")[:end]))
        for folder in sorted(folders):
            add(tar, folder, type=tarfile.DIRTYPE, mode=0o755)
        add(tar, "tmp", type=tarfile.DIRTYPE, mode=0o1777)
        for file in files:
            source, target = file.rsplit(":", 1)
            if source.startswith("@"):
                add(tar, target, type=tarfile.SYMTYPE, linkname=source[1:])
            else:
                with open(source, "rb") as content:
                    mode = 0o755 if os.access(source, os.X_OK) else 0o644
                    add(tar, target, content.read(), mode=mode)
    return buffer.getvalue()


def packed_layout(out, name, layout):
    with open(os.path.join(layout, "index.json"), encoding="utf-8") as file:
        index = json.load(file)
    (entry,) = index["manifests"]
    entry["annotations"] = {"io.containerd.image.name": name}
    with tarfile.open(out, "w") as tar:
        add(tar, "index.json", json.dumps(index).encode())
        for kept in ("oci-layout", "blobs"):
            tar.add(os.path.join(layout, kept), kept)


def made(out, name, user, config, files):
    blobs = {}

    def blob(content, media_type, **more):
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(content), **more}

    oci = "application/vnd.oci.image."
    packed = blob(layer(files), oci + "layer.v1.tar")
    image = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
        "os": "linux",
        "config": {"User": user, "Env": ["PATH=/bin"], **json.loads(config)},
        "rootfs": {"type": "layers", "diff_ids": [packed["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": oci + "manifest.v1+json",
        "config": blob(json.dumps(image).encode(), oci + "config.v1+json"),
        "layers": [packed],
    }
    named = {"annotations": {"io.containerd.image.name": name}}
    entry = blob(json.dumps(manifest).encode(), manifest["mediaType"], **named)
    with tarfile.open(out, "w") as tar:
        add(tar, "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())
        add(tar, "index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode())
        for digest, content in blobs.items():
            add(tar, "blobs/sha256/" + digest, content)


def main():
    out, name, *rest = sys.argv[1:]
    if len(rest) == 1:
        packed_layout(out, name, rest[0])
    else:
        made(out, name, rest[0], rest[1], rest[2:])


main()
