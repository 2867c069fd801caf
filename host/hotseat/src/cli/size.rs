//! Sizes as people and Kubernetes write them.

/// Parses `10MiB`, `10Mi`, `64KiB`, `1GiB` or a number of bytes.
///
/// # Errors
///
/// What is wrong with the text, for the command line to show.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let remedy = "write it as 10MiB, 64KiB or a number of bytes";
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().map_err(|_| format!("it is not a size: {remedy}"))?;
    let shift = match unit {
        "" => 0,
        "KiB" | "Ki" => 10,
        "MiB" | "Mi" => 20,
        "GiB" | "Gi" => 30,
        _ => return Err(format!("`{unit}` is not a unit: {remedy}")),
    };
    number.checked_mul(1 << shift).ok_or_else(|| format!("it is too large: {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes_are_read() {
        let cases = [
            ("0", 0),
            ("1500", 1500),
            ("64KiB", 65_536),
            ("10MiB", 10 << 20),
            ("10Mi", 10 << 20),
            ("2GiB", 2 << 30),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_size_is_refused_with_the_remedy() {
        for text in ["", "MiB", "-1", "1.5MiB", "10 MiB", "10MB", "99999999999GiB"] {
            let error = parse_size(text).unwrap_err();
            assert!(error.contains("10MiB, 64KiB or a number of bytes"), "{text}: {error}");
        }
    }
}
