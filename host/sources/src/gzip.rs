//! Components that were packed with gzip, as a ConfigMap's room of one MiB invites.

use flate2::read::MultiGzDecoder;
use std::io::{ErrorKind, Read};

/// Why bytes could not be unpacked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UnpackError {
    /// More than the limit comes out.
    TooLarge,
    /// The gzip data is damaged: how.
    Broken(String),
}

/// The bytes as they are, or what gzip packed into them if they begin with its magic number. At
/// most `limit` bytes are ever made of them.
pub(crate) fn unpack(bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>, UnpackError> {
    if !bytes.starts_with(&MAGIC) {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    let decoder = MultiGzDecoder::new(bytes.as_slice());
    match decoder.take(limit.saturating_add(1)).read_to_end(&mut unpacked) {
        Ok(_) if unpacked.len() as u64 > limit => Err(UnpackError::TooLarge),
        Ok(_) => Ok(unpacked),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(UnpackError::Broken("the gzip data ends too early".to_owned()))
        }
        Err(error) => Err(UnpackError::Broken(format!("the gzip data is damaged ({error})"))),
    }
}

/// The first two bytes of gzip; a component begins with `\0asm`.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_not_packed_stays_as_it_is() {
        for bytes in [b"\0asm".to_vec(), vec![], vec![0x1f]] {
            assert_eq!(unpack(bytes.clone(), 0), Ok(bytes));
        }
    }

    #[test]
    fn what_is_packed_comes_out() {
        assert_eq!(unpack(packed(b"policy"), 6), Ok(b"policy".to_vec()));
        let twice = [packed(b"pol"), packed(b"icy")].concat();
        assert_eq!(unpack(twice, 6), Ok(b"policy".to_vec()));
    }

    #[test]
    fn a_bomb_is_refused() {
        // 8 MiB of zeros take 8 KiB.
        let bomb = packed(&vec![0; 8 << 20]);
        assert!(bomb.len() < 1 << 14);
        assert_eq!(unpack(bomb, 1 << 20), Err(UnpackError::TooLarge));
        assert_eq!(unpack(packed(b"policy"), 5), Err(UnpackError::TooLarge));
    }

    /// One byte over the limit is the last that is unpacked: what follows it is damaged, and whoever
    /// went on would say so.
    #[test]
    fn nothing_is_unpacked_behind_the_limit() {
        for limit in [0, 5, 1 << 20] {
            let over = packed(&vec![0; limit + 1]);
            let bomb = [over, b"\x1f\x8bdamage".to_vec()].concat();
            assert!(matches!(unpack(bomb.clone(), 1 << 30), Err(UnpackError::Broken(_))));
            assert_eq!(unpack(bomb, limit as u64), Err(UnpackError::TooLarge), "{limit}");
        }
    }

    #[test]
    fn damage_is_reported() {
        let mut bytes = packed(b"policy");
        let broken = |bytes: &[u8]| match unpack(bytes.to_vec(), 100) {
            Err(UnpackError::Broken(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(broken(&bytes[..bytes.len() - 4]), "the gzip data ends too early");
        let last = bytes.len() - 8;
        bytes[last] ^= 1;
        assert!(broken(&bytes).starts_with("the gzip data is damaged"), "{}", broken(&bytes));
        let tail = [packed(b"policy"), b"tail".to_vec()].concat();
        assert!(broken(&tail).starts_with("the gzip data "), "{}", broken(&tail));
    }
}
