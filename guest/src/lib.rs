//! hotseat-policy
