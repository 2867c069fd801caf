//! Fences: what keeps an application that lost the seat from acting, without a line of its code.
//!
//! [`admission`] has the API server refuse writes of a pod that does not hold the seat; [`exit_code`]
//! has the kubelet restart a pod's containers when the application has not let go. Both print manifests;
//! the sidecar's own part of the second is [`crate::companions::fence`].

pub mod admission;
pub mod exit_code;
