//! `hotseat ui`: the elections of a namespace, or of a cluster, on a page for a person, with that person's
//! credentials and rights.
//!
//! All that is shown is read from Leases, by the one follower of watches that there is: the locks, and what
//! candidates publish on the roster. [`Fleet`] is a pure table of what was seen; [`follow`] fills it, and
//! [`Site`] shows it, by the parts that the page of a sidecar is made of. What can be pressed there is
//! carried out by [`Requests`], which the program fills in.
#![forbid(unsafe_code)]

mod candidates;
mod election;
mod follow;
mod now;
mod one;
mod overview;
mod rights;
mod site;
mod stream;
mod table;

pub use follow::{Shared, follow};
pub use now::Now;
pub use rights::{May, Remedy, Rights};
pub use site::{Request, Requests, Site};
pub use table::Fleet;
