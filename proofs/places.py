"""Checks that README.md says of each rule what keeps it, and that each place named is in the code."""

import re
from pathlib import Path

from model import RULES

HERE = Path(__file__).resolve().parent


def rows():
    """What README's table says: a rule, and the files with the names in them."""
    for line in (HERE / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        rule = cells[0].strip("`")
        if line.startswith("| `") and rule in RULES:
            yield rule, re.findall(r"`([\w/.-]+\.rs)`:((?: `\w+`,?)+)", cells[-1])


def check(report):
    found = dict(rows())
    report("README.md names what keeps each rule", set(found) == set(RULES))
    for rule, places in found.items():
        for file, names in places:
            path = HERE.parent / file
            text = path.read_text() if path.is_file() else ""
            for name in re.findall(r"\w+", names):
                defined = re.search(rf"\b((fn|struct|enum|trait|const|mod) {name}\b|{name}:)", text)
                report(f"{rule}: {name} is in {file}", bool(defined))
