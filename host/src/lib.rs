//! hotseat
