//! hotseat-engine
