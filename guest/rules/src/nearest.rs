//! The name that somebody may have meant.

/// The nearest of `names`, if one is so near that a typing error explains it.
pub(crate) fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong, and one in a short name.
    let most = (written.chars().count() / 3).max(1);
    names
        .map(|name| (strsim::osa_distance(written, name), name))
        .filter(|(distance, _)| *distance <= most)
        // Of two that are as near, the first of the list.
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `: did you mean NAME?`, or what there is.
pub(crate) fn hint(written: &str, names: &[&str]) -> String {
    match nearest(written, names.iter().copied()) {
        Some(name) => format!("did you mean {name}?"),
        None => format!("there are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_seen_through_and_another_word_is_not() {
        let names = ["campaign", "resign", "rank", "wait"];
        let near = |written| nearest(written, names.into_iter());
        assert_eq!(near("campain"), Some("campaign"));
        assert_eq!(near("resing"), Some("resign"));
        assert_eq!(near("rnak"), Some("rank"));
        assert_eq!(near("priority"), None);
        assert_eq!(hint("wiat", &names), "did you mean wait?");
        assert_eq!(hint("x", &names), "there are campaign, resign, rank, wait");
    }
}
