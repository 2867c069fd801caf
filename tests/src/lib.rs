//! hotseat-tests
