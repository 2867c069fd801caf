//! hotseat-policy-standard
