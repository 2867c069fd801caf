//! Words that docs/glossary.md says are not used: in the documentation, the contract, `--help`, and
//! the texts of the program, which are its error messages and log lines.

use clap::Command;
use std::fs;
use std::path::{Path, PathBuf};

/// The first column of the table under the heading "Words that are not used".
pub fn unused(glossary: &str) -> Vec<String> {
    let table = glossary.split("\n## ").find(|part| part.starts_with("Words that are not used"));
    table
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .skip(1)
        .flat_map(|cell| cell.split(','))
        .map(|word| word.trim().to_lowercase())
        .collect()
}

/// The glossary without that table.
pub fn without_table(glossary: &str) -> String {
    glossary
        .split("\n## ")
        .filter(|part| !part.starts_with("Words that are"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Those of the words that a text has, as whole words, whatever the case and the line breaks.
pub fn found<'a>(text: &str, words: &'a [String]) -> Vec<&'a str> {
    let plain: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() || c == '\'' { c } else { ' ' })
        .collect();
    let spaced = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
    words.iter().filter(|word| spaced.contains(&format!(" {word} "))).map(String::as_str).collect()
}

/// The string literals of Rust source outside of tests, without what is put into them: `{mend}` is
/// a variable.
pub fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = source.chars().peekable();
    let mut previous = ' ';
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.peek() == Some(&'/') => {
                let _: String = rest.by_ref().take_while(|c| *c != '\n').collect();
            }
            // Not the character `"` itself.
            '"' if previous != '\'' => {
                let mut text = String::new();
                let mut depth = 0;
                while let Some(c) = rest.next() {
                    match c {
                        '"' => break,
                        '\\' => {
                            let _ = rest.next();
                            text.push(' ');
                        }
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        c if depth <= 0 => text.push(c),
                        _ => {}
                    }
                }
                found.push(text);
            }
            _ => {}
        }
        previous = c;
    }
    found
}

/// Every help text of a command and those below it, with the command's name.
pub fn help(command: &Command) -> Vec<(String, String)> {
    let mut command = command.clone();
    command.build();
    let mut texts = Vec::new();
    let mut left = vec![command];
    while let Some(mut command) = left.pop() {
        let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
        texts.push((format!("{name} --help"), command.render_long_help().to_string()));
        left.extend(command.get_subcommands().cloned());
    }
    texts
}

/// The files below a folder whose names end so, but for those of tests.
pub fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry"))
        {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            match path.is_dir() {
                true if !["target", "tests", "benches", ".git", "node_modules"]
                    .contains(&&*name) =>
                {
                    folders.push(path);
                }
                false if name.ends_with(end) && name != "tests.rs" => files.push(path),
                _ => {}
            }
        }
    }
    files
}
