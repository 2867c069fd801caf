//! Files and the network: there are none, and none can be opened. So no handle of a file or a socket
//! is ever given out, and their methods are stubs that nobody can call.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Blindfold;
use crate::bindings::Stub;
use crate::bindings::exports::wasi::filesystem::{preopens, types};
use crate::bindings::exports::wasi::sockets::{
    instance_network, ip_name_lookup, network, tcp, tcp_create_socket, udp, udp_create_socket,
};
use network::ErrorCode;

impl types::Guest for Blindfold {
    type Descriptor = Stub;
    type DirectoryEntryStream = Stub;

    fn filesystem_error_code(_: types::ErrorBorrow<'_>) -> Option<types::ErrorCode> {
        None
    }
}

impl preopens::Guest for Blindfold {
    fn get_directories() -> Vec<(preopens::Descriptor, String)> {
        Vec::new()
    }
}

/// The one handle of the network, with which nothing can be done.
pub struct Nowhere;

impl network::GuestNetwork for Nowhere {}

impl network::Guest for Blindfold {
    type Network = Nowhere;
}

impl instance_network::Guest for Blindfold {
    fn instance_network() -> network::Network {
        network::Network::new(Nowhere)
    }
}

impl ip_name_lookup::Guest for Blindfold {
    type ResolveAddressStream = Stub;

    fn resolve_addresses(
        _: ip_name_lookup::NetworkBorrow<'_>,
        _: String,
    ) -> Result<ip_name_lookup::ResolveAddressStream, ErrorCode> {
        Err(ErrorCode::AccessDenied)
    }
}

impl tcp::Guest for Blindfold {
    type TcpSocket = Stub;
}

impl tcp_create_socket::Guest for Blindfold {
    fn create_tcp_socket(
        _: network::IpAddressFamily,
    ) -> Result<tcp_create_socket::TcpSocket, ErrorCode> {
        Err(ErrorCode::AccessDenied)
    }
}

impl udp::Guest for Blindfold {
    type UdpSocket = Stub;
    type IncomingDatagramStream = Stub;
    type OutgoingDatagramStream = Stub;
}

impl udp_create_socket::Guest for Blindfold {
    fn create_udp_socket(
        _: network::IpAddressFamily,
    ) -> Result<udp_create_socket::UdpSocket, ErrorCode> {
        Err(ErrorCode::AccessDenied)
    }
}
