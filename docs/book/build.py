#!/usr/bin/env python3
"""Makes the book of the Markdown files that docs/SUMMARY.md lists, and looks at each of its links.

Usage: build.py MDBOOK FOLDER

The files keep their places in the repository, so that a link which works there works in the book; what
else they link to, such as a manifest, is copied beside them. Ends with status 1, and says why, if a
page is linked and not listed, a link leads nowhere, or mdbook warns of anything.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
SUMMARY = Path("docs/SUMMARY.md")
LINK = re.compile(r"\]\(([^()\s]+)\)")
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.DOTALL | re.MULTILINE)
# mdbook's own pages: they have no text of ours.
NOT_OURS = {"404.html", "toc.html"}


class BadBook(Exception):
    """What is wrong with the book, a line for each mistake."""


def links(text):
    """The relative links of a Markdown text, without what stands in code."""
    for link in LINK.findall(CODE.sub("", text)):
        if not urlsplit(link).scheme:
            yield link


def target(root, page, link):
    """The file in the repository that a page links to; none for a place in the page itself."""
    path = unquote(urlsplit(link).path)
    if not path:
        return None
    found = (root / page).parent.joinpath(path).resolve()
    if not found.is_relative_to(root):
        raise BadBook(f"{page}: {link} leads out of the repository: link to a file in it")
    return found.relative_to(root)


def stage(root, summary, folder):
    """Lays all pages and what they link to into a folder, in their places."""
    text = (root / summary).read_text()
    pages = [target(root, summary, link) for link in links(text)]
    mistakes, copied = [], set(pages)
    for page in pages:
        if not (root / page).is_file():
            mistakes.append(f"{summary}: {page} is not there")
            continue
        for link in links((root / page).read_text()):
            linked = target(root, page, link)
            if linked is None:
                continue
            if not (root / linked).is_file():
                mistakes.append(f"{page}: {link} is not a file: link to one, not to a folder")
            elif linked.suffix == ".md" and linked not in pages:
                mistakes.append(f"{page}: {link} is not in {summary}: list it there")
            else:
                copied.add(linked)
    if mistakes:
        raise BadBook("\n".join(mistakes))
    for path in copied:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, place)
    # As seen from the root, where mdbook looks for it.
    moved = LINK.sub(lambda link: f"]({target(root, summary, link[1]).as_posix()})", text)
    (folder / "SUMMARY.md").write_text(moved)
    return pages


class Page(HTMLParser):
    """What a page of the book has: places to link to, and links."""

    def __init__(self, text):
        super().__init__()
        self.places, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.places.add(value)
            if name in ("href", "src") and value and tag in ("a", "img", "script"):
                self.links.append(value)


def check(book):
    """Looks at each link of the finished book."""
    pages = {
        path: Page(path.read_text())
        for path in sorted(book.rglob("*.html"))
        if path.name not in NOT_OURS
    }
    mistakes = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            place = path.parent.joinpath(unquote(parts.path)).resolve() if parts.path else path
            if place.is_dir():
                place /= "index.html"
            shown = f"{path.relative_to(book)}: {link}"
            if not place.is_file():
                mistakes.append(f"{shown} leads nowhere")
            elif parts.fragment and place in pages:
                if unquote(parts.fragment) not in pages[place].places:
                    mistakes.append(f"{shown}: no such heading")
    if mistakes:
        raise BadBook("\n".join(sorted(set(mistakes))))
    return sum(len(page.links) for page in pages.values())


def build(root, summary, config, mdbook, book):
    """Makes the book; gives how many pages and links it has."""
    with tempfile.TemporaryDirectory() as work:
        source = Path(work)
        (source / "src").mkdir()
        shutil.copyfile(config, source / "book.toml")
        pages = stage(root, summary, source / "src")
        shutil.rmtree(book, ignore_errors=True)
        done = subprocess.run(
            [mdbook, "build", "--dest-dir", book, source],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )
    warned = [line for line in done.stdout.splitlines() if re.search(r"\b(WARN|ERROR)\b", line)]
    if done.returncode != 0 or warned:
        raise BadBook(f"mdbook ended with {done.returncode}:\n{done.stdout}")
    return len(pages), check(book)


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} MDBOOK FOLDER")
    book = Path(sys.argv[2]).resolve()
    try:
        config = Path(__file__).with_name("book.toml")
        pages, seen = build(ROOT, SUMMARY, config, sys.argv[1], book)
    except BadBook as error:
        sys.exit(f"{error}")
    print(f"ok: {pages} pages, {seen} links: {book}/index.html")


if __name__ == "__main__":
    main()
