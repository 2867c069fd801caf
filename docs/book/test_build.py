"""Tests of build.py, with the mdbook that the variable MDBOOK names."""

import os
import tempfile
import unittest
from pathlib import Path

import build

CONFIG = Path(__file__).with_name("book.toml")


class Books(unittest.TestCase):
    def made_of(self, **files):
        """Makes a book of these files; `__` in a name is a slash, and all end in .md."""
        with tempfile.TemporaryDirectory() as work:
            root = Path(work).resolve() / "repository"
            for name, text in files.items():
                path = root / (name.replace("__", "/") + ".md")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            (root / "rules.yaml").write_text("a: 1\n")
            return build.build(
                root, build.SUMMARY, CONFIG, os.environ["MDBOOK"], Path(work).resolve() / "book"
            )

    def refused(self, words, **files):
        with self.assertRaises(build.BadBook) as caught:
            self.made_of(**files)
        self.assertIn(words, str(caught.exception))

    SUMMARY = "# Summary\n\n[Start](../README.md)\n\n- [One](one.md)\n"

    def test_links_across_folders_and_to_other_files_work(self):
        pages, links = self.made_of(
            docs__SUMMARY=self.SUMMARY,
            README="# Start\n\n[one](docs/one.md#a-part)\n",
            docs__one="# One\n\n## A part\n\n[back](../README.md) [rules](../rules.yaml) `[no](nothing.md)`\n",
        )
        self.assertEqual(pages, 2)
        self.assertGreater(links, 3)

    def test_a_page_that_is_linked_and_not_listed_is_found(self):
        self.refused(
            "is not in docs/SUMMARY.md", docs__SUMMARY=self.SUMMARY, README="[two](docs/two.md)",
            docs__one="# One", docs__two="# Two",
        )

    def test_a_link_to_nothing_is_found(self):
        for link in ("docs/three.md", "docs"):
            self.refused(
                "is not a file", docs__SUMMARY=self.SUMMARY, README=f"[x]({link})", docs__one="# One"
            )

    def test_a_heading_that_is_not_there_is_found(self):
        self.refused(
            "no such heading", docs__SUMMARY=self.SUMMARY, README="[x](docs/one.md#another)",
            docs__one="# One",
        )

    def test_a_link_out_of_the_repository_is_found(self):
        self.refused(
            "leads out of the repository", docs__SUMMARY=self.SUMMARY, README="[x](../../etc/passwd)",
            docs__one="# One",
        )

    def test_a_page_that_is_missing_is_found(self):
        self.refused("docs/one.md is not there", docs__SUMMARY=self.SUMMARY, README="# Start")

    def test_what_mdbook_warns_of_is_found(self):
        self.refused(
            "mdbook ended", docs__SUMMARY=self.SUMMARY, README="# Start\n\n<div>\n\nnever closed\n",
            docs__one="# One",
        )


if __name__ == "__main__":
    unittest.main()
