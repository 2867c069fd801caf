//! What several crates read and write alike: a stranger's text in one line, amounts of bytes,
//! durations, digests, and the name that was meant.
#![forbid(unsafe_code)]

mod digest;
mod duration;
mod nearest;
mod shown;

pub use digest::{Digest, DigestError, Hasher};
pub use duration::parse_duration;
pub use nearest::nearest;
pub use shown::{cut, is_unfit, one_line, visible};

/// A number of bytes for people: `20 MiB`, or `1500 bytes` where no unit fits.
pub fn bytes(amount: u64) -> String {
    match amount {
        _ if amount > 0 && amount.is_multiple_of(1 << 30) => format!("{} GiB", amount >> 30),
        _ if amount > 0 && amount.is_multiple_of(1 << 20) => format!("{} MiB", amount >> 20),
        _ if amount > 0 && amount.is_multiple_of(1 << 10) => format!("{} KiB", amount >> 10),
        _ => format!("{amount} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_well() {
        let cases = [
            (0, "0 bytes"),
            (1500, "1500 bytes"),
            (2048, "2 KiB"),
            (20 << 20, "20 MiB"),
            (1 << 30, "1 GiB"),
        ];
        for (amount, text) in cases {
            assert_eq!(bytes(amount), text);
        }
    }
}
