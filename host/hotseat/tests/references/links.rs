//! Links between the files of the repository: each leads to a file that is there, and to a heading in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A text without what stands in code, line for line.
fn without_code(text: &str) -> String {
    let mut fenced = false;
    let mut plain = String::new();
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        if !fenced && !is_fence {
            plain += &line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        }
        plain.push('\n');
    }
    plain
}

/// The targets of a Markdown text's links, each with its line from 1.
pub fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in without_code(text).lines().enumerate() {
        for rest in line.split("](").skip(1) {
            if let Some((target, _)) = rest.split_once(')') {
                links.push((number + 1, target.to_owned()));
            }
        }
    }
    links
}

/// The anchors of a Markdown text's headings, as the sites that show it make them.
pub fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut fenced = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if fenced || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let letters = title.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor = letters.collect::<String>().to_lowercase().replace(' ', "-");
        let count = seen.entry(anchor.clone()).or_default();
        anchors.push(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    anchors
}

/// What is wrong with the links of these files.
pub fn mistakes(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let mut mistakes = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).expect("a text");
        for (line, link) in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => file.clone(),
                path => file.parent().expect("a folder").join(path),
            };
            let place = file.strip_prefix(root).unwrap_or(file).display();
            if !target.exists() {
                mistakes.push(format!("{place}:{line}: {link} leads nowhere"));
            } else if !anchor.is_empty() && target.extension().is_some_and(|it| it == "md") {
                let there = anchors(&fs::read_to_string(&target).expect("a text"));
                if !there.iter().any(|it| it == anchor) {
                    mistakes.push(format!("{place}:{line}: {link}: no such heading"));
                }
            }
        }
    }
    mistakes
}
