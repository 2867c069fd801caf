//! hotseat-core
