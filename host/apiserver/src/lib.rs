//! hotseat-apiserver
