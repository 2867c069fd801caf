#!/usr/bin/env python3
"""Prints one list of what an image is made of, from the program's and those of the policies.

Usage: sbom.py ARCHITECTURE GLIBC GCC CERTIFICATES PROGRAM.json POLICY.json...
What the C compiler linked is no crate, and the first thing that a scanner should ask about: GLIBC, GCC and
CERTIFICATES are the versions of Debian's packages.
"""

import json
import sys
from urllib.parse import quote


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def of_debian(architecture, versions):
    licences = {
        "glibc": "LGPL-2.1-or-later",
        "gcc-12": "GPL-3.0-or-later WITH GCC-exception-3.1",
        "ca-certificates": "MPL-2.0",
    }
    for (name, licence), version in zip(licences.items(), versions, strict=True):
        purl = f"pkg:deb/debian/{name}@{quote(version)}?arch=source&distro=debian-12"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "scope": "required",
            "licenses": [{"expression": licence}],
            "purl": purl,
        }


def add(bom, policy):
    """Adds the policy itself and what it is made of, each crate once."""
    known = {part["bom-ref"] for part in bom["components"]}
    # Its own targets are no parts of the image.
    itself = {key: value for key, value in policy["metadata"]["component"].items() if key != "components"}
    for part in [itself, *policy["components"]]:
        if part["bom-ref"] not in known:
            known.add(part["bom-ref"])
            bom["components"].append(part)
    needs = {entry["ref"]: entry for entry in bom["dependencies"]}
    for entry in policy["dependencies"]:
        # The same crate may have other features there, and so other crates below it.
        mine = needs.setdefault(entry["ref"], {"ref": entry["ref"]})
        below = {*mine.get("dependsOn", []), *entry.get("dependsOn", [])}
        if below:
            mine["dependsOn"] = sorted(below)
    bom["dependencies"] = list(needs.values())


def main():
    architecture, glibc, gcc, certificates, program, *policies = sys.argv[1:]
    bom = read(program)
    for policy in policies:
        add(bom, read(policy))
    bom["components"] += of_debian(architecture, (glibc, gcc, certificates))
    json.dump(bom, sys.stdout, indent=1)


main()
