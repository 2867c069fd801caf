//! A Kubernetes API in this process, over plain HTTP/1.1 on loopback.
//!
//! It speaks the part of the API that leader election needs, faithfully enough for `kubectl`,
//! client-go and kube: leases, events, endpoints, configmaps, pods, namespaces, access reviews,
//! watches with bookmarks, compare-and-swap by resourceVersion, and the error messages of
//! Kubernetes 1.36. It serves the demonstration, fast tests and fault injection. It keeps
//! everything in memory, knows no TLS and no RBAC, and is not meant for production.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use hotseat_apiserver::{Action, Config, Fault, Server, Verb};
//!
//! let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await?;
//! println!("export KUBECONFIG for: {}", server.url());
//! // The next write to any lease is applied, but its answer gets lost.
//! server.faults().add(Fault::on(Verb::Update).resource("leases").times(1), Action::ApplyThenReset);
//! server.shutdown().await;
//! # Ok::<(), std::io::Error>(()) }).unwrap();
//! ```
//!
//! What differs from a real server: `metadata.managedFields` is not kept, lists are never split
//! into pages, finalizers and grace periods do not delay a delete, server-side apply and JSON
//! patch answer 415, a strategic merge patch is taken only where it means the same as a merge
//! patch, only JSON is understood (kubectl asks `auth can-i` in protobuf), namespaces appear with
//! their first object, and only leases are checked field by field.
#![forbid(unsafe_code)]

mod config;
mod server;
mod shared;

mod connection;
mod service;

mod answer;
mod query;
mod route;
mod selector;

mod history;
mod key;
mod pages;
mod patch;
mod resource;
mod store;
mod verbs;
mod watch;

mod decode;
mod lease;
mod meta;
mod mismatch;
mod names;
mod status;

mod age;
mod discovery;
mod openapi;
mod table;

mod access;
mod faults;
mod requests;

mod sync;

pub use access::{Access, Denial};
pub use config::Config;
pub use faults::{Action, Fault, FaultId, Faults};
pub use requests::{Count, Requests};
pub use resource::{
    CONFIGMAPS, ENDPOINTS, EVENTS, LEASES, NAMESPACES, PODS, RESOURCES, Resource, Verb,
};
pub use server::Server;
pub use status::Status;
pub use store::Store;
