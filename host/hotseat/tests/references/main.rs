//! `docs/flags.md` and `docs/metrics.md` are what the program has: both are generated here, and
//! compared with the files. `make references` rewrites them, `docs/openapi.json`, and what is
//! made of sources in `deploy/monitoring`. And the words of both, and of the rest of the documentation and the program's
//! texts, are those of `docs/glossary.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod dashboard;
mod flags;
mod links;
#[cfg(feature = "author")]
mod locked;
mod metrics;
mod monitoring;
mod recorded;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

/// Fails unless the file of the repository has this text; with `HOTSEAT_BLESS` set, writes it instead.
fn compare(name: &str, generated: &str) {
    let path = root().join(name);
    if std::env::var_os("HOTSEAT_BLESS").is_some() {
        fs::write(&path, generated).expect("the repository is writable");
        return;
    }
    let file = fs::read_to_string(&path).unwrap_or_default();
    let mut lines = file.lines().zip(generated.lines()).enumerate();
    let first = lines.find(|(_, (there, wanted))| there != wanted);
    let place = first.map_or_else(
        || format!("{} lines instead of {}", file.lines().count(), generated.lines().count()),
        |(index, (there, wanted))| {
            format!("line {}\n  is:    {there}\n  wants: {wanted}", index + 1)
        },
    );
    assert!(file == generated, "{name} is out of date ({place}): run `make references`");
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Text as a cell of a table, in which `<` is not a tag of HTML.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace('|', "\\|").replace('<', "&lt;")
}

#[test]
fn the_reference_of_flags_is_what_the_program_takes() {
    compare("docs/flags.md", &flags::reference(&hotseat::cli::command()));
}

#[test]
fn the_reference_of_metrics_is_what_the_program_gives() {
    compare("docs/metrics.md", &metrics::reference(&recorded::everything()));
}

#[cfg(feature = "author")]
#[test]
fn the_template_in_rust_has_the_versions_of_the_workspace() {
    compare(locked::FILE, &locked::generated());
}

#[test]
fn the_description_of_the_pages_is_that_of_the_routes() {
    let described = hotseat_http::openapi(env!("CARGO_PKG_VERSION")).expect("words for all routes");
    let text = serde_json::to_string_pretty(&described).expect("JSON") + "\n";
    compare("docs/openapi.json", &text);
}

#[test]
fn a_flag_that_nobody_documented_changes_the_reference() {
    let command = hotseat::cli::command();
    let more = command.clone().arg(clap::Arg::new("more").long("more").help("More"));
    assert_ne!(flags::reference(&command), flags::reference(&more));
}

#[test]
fn a_label_that_nobody_documented_changes_the_reference() {
    let text = "# HELP a A thing.\n# TYPE a counter\na_total{x=\"1\"} 0\n# EOF\n";
    let more = text.replace("x=\"1\"", "x=\"1\",y=\"2\"");
    assert!(metrics::reference(text).contains("| `a_total` | counter | `x` | A thing |"));
    assert!(metrics::reference(&more).contains("| `a_total` | counter | `x`, `y` | A thing |"));
}

/// All texts that people read, each with the place that has it.
fn texts() -> Vec<(String, String)> {
    let mut texts = words::help(&hotseat::cli::command());
    let documents = words::files(&root(), ".md");
    for path in documents.iter().chain(&words::files(&root().join("wit"), ".wit")) {
        let text = fs::read_to_string(path).expect("a text");
        let text = match path.ends_with("docs/glossary.md") {
            true => words::without_table(&text),
            false => text,
        };
        texts.push((path.display().to_string(), text));
    }
    for folder in ["host", "guest"] {
        for path in words::files(&root().join(folder), ".rs") {
            let source = fs::read_to_string(&path).expect("a text");
            texts.push((path.display().to_string(), words::literals(&source).join("\n")));
        }
    }
    texts
}

#[test]
fn no_text_has_a_word_that_the_glossary_rules_out() {
    let glossary = fs::read_to_string(root().join("docs/glossary.md")).expect("the glossary");
    let unused = words::unused(&glossary);
    assert!(unused.len() > 10, "the glossary's table is not found: {unused:?}");
    let texts = texts();
    for place in ["README.md", "policy.wit", "hotseat policy check --help", "lib.rs"] {
        assert!(texts.iter().any(|(name, _)| name.ends_with(place)), "{place} is not looked at");
    }
    let found: Vec<String> = texts
        .iter()
        .map(|(place, text)| (place, words::found(text, &unused)))
        .filter(|(_, words)| !words.is_empty())
        .map(|(place, words)| format!("{place}: {}", words.join(", ")))
        .collect();
    assert!(found.is_empty(), "docs/glossary.md has better words:\n{}", found.join("\n"));
}

/// The program's flags, each as `--flag`.
fn all_flags(command: &clap::Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_long());
    let own = own.map(|long| format!("--{long}"));
    own.chain(command.get_subcommands().flat_map(all_flags)).collect()
}

#[test]
fn no_library_knows_a_flag() {
    let flags = all_flags(&hotseat::cli::command());
    assert!(flags.iter().any(|flag| flag == "--registry-ca"), "{flags:?}");
    let mut looked_at = 0;
    let mut found = Vec::new();
    for path in words::files(&root().join("host"), ".rs") {
        let place = path.strip_prefix(root()).expect("below").display().to_string();
        // The demonstration starts the program, so it speaks its language.
        let is_program = ["host/hotseat/", "host/demo/"].iter().any(|own| place.starts_with(own));
        if is_program {
            continue;
        }
        looked_at += 1;
        let source = fs::read_to_string(&path).expect("a text");
        for literal in words::literals(&source) {
            let named = |word: &str| {
                word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-').to_owned()
            };
            let known = literal.split_whitespace().map(named).filter(|word| flags.contains(word));
            found.extend(known.map(|flag| format!("{place}: {flag}")));
        }
    }
    assert!(looked_at > 100, "only {looked_at} files");
    assert!(found.is_empty(), "flags are the program's own:\n{}", found.join("\n"));
}

#[test]
fn words_are_found_in_literals_and_not_in_comments_or_variables() {
    let source = "// whence\nlet c = '\"';\nbail!(\"{x}: a \\\"mend\\\" of {whence}\");\n\
                  #[cfg(test)]\nlet x = \"ails\";\n";
    let text = words::literals(source).join("\n");
    let unused = ["mend", "whence", "ails"].map(str::to_owned);
    assert_eq!(words::found(&text, &unused), ["mend"]);
    assert_eq!(words::found("It is mended, amend it", &unused), [""; 0]);
    let phrase = ["made over".to_owned()];
    assert_eq!(words::found("memory, made\n    /// over for", &["made over".to_owned()]), phrase);
}

#[test]
fn each_link_leads_to_a_file_and_to_a_heading_in_it() {
    let files = words::files(&root(), ".md");
    for place in ["README.md", "docs/operations.md", "docs/SUMMARY.md"] {
        assert!(files.iter().any(|path| path.ends_with(place)), "{place} is not looked at");
    }
    let mistakes = links::mistakes(&root(), &files);
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn links_and_headings_are_read_as_sites_show_them() {
    let text = "# A `B`: c_d\n\n[x](y.md#z) and `[no](code.md)`\n```console\n# no\n[no](n.md)\n```\n## A b: c_d\n";
    assert_eq!(links::links(text), [(3, "y.md#z".to_owned())]);
    assert_eq!(links::anchors(text), ["a-b-c_d", "a-b-c_d-1"]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.md");
    fs::write(&file, "# One\n[1](#one) [2](a.md#one) [3](#two) [4](b.md) [5](https://a.b/)\n")
        .expect("a file");
    let mistakes = links::mistakes(folder.path(), &[file]);
    assert_eq!(mistakes, ["a.md:2: #two: no such heading", "a.md:2: b.md leads nowhere"]);
}
