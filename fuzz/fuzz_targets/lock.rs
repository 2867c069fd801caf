//! Any bytes as a lock object, a Lease or one with the annotation, and as a candidate's entry on the roster: what
//! is read of it is within bounds, and a renewal over it says what it was to say.

#![no_main]

use hotseat_core::policy::LONGEST_NAME;
use hotseat_core::request::LONGEST_TRANSFER;
use hotseat_kubernetes::{LockKind, fuzzing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    match first {
        b'0' => lock(LockKind::Leases, rest),
        b'1' => lock(LockKind::Endpoints, rest),
        b'2' => lock(LockKind::ConfigMaps, rest),
        _ => entry(rest),
    }
});

fn lock(kind: LockKind, object: &[u8]) {
    let Some((found, renewed)) = fuzzing::lock(kind, object) else { return };
    assert!(!found.released || found.holder.is_none(), "{found:?}");
    if let Some(transfer) = &found.requests.transfer {
        assert!(!transfer.to.is_empty() && transfer.to.len() <= LONGEST_NAME, "{transfer:?}");
        assert!(transfer.within <= LONGEST_TRANSFER, "{transfer:?}");
        assert!(!transfer.by.contains(char::is_control), "{transfer:?}");
    }
    // Whatever was there, a write of ours is known again, and leaves what others ask as it is.
    assert_eq!(renewed.holder.as_deref(), Some(fuzzing::HOLDER), "{renewed:?}");
    assert!(renewed.mark.is_some_and(|mark| mark.serial == fuzzing::SERIAL));
    assert_eq!(renewed.requests, found.requests);
    assert_eq!(renewed.successor, found.successor);
}

fn entry(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    match fuzzing::entry(&text) {
        Ok((found, again)) => assert_eq!(format!("{found:?}"), format!("{again:?}")),
        Err(why) => assert!(!why.contains('\n'), "{why:?}"),
    }
}
