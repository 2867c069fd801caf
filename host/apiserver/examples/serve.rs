//! Serves the embedded API until interrupted: `cargo run -p hotseat-apiserver --example serve`.
//! An optional argument is the address to listen on; without one, any free port of 127.0.0.1.

use std::net::SocketAddr;

use hotseat_apiserver::{Config, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr = match std::env::args().nth(1) {
        Some(address) => address.parse()?,
        None => ([127, 0, 0, 1], 0).into(),
    };
    let server = Server::start(address, Config::new()).await?;
    println!("kubectl --server {} get leases", server.url());
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}
