//! hotseat-component
