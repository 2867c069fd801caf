//! A way to a sidecar that can be cut as a network cuts it: nothing arrives any more, and nobody hears of it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Forwards connections until it is cut; from then on it swallows what comes, on old connections and on
/// new ones. Its thread ends with the test's process.
pub struct Cable {
    address: SocketAddr,
    cut: Arc<AtomicBool>,
}

impl Cable {
    /// One that leads to that address.
    pub fn to(target: SocketAddr) -> Cable {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, cut) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let is_cut = Arc::clone(&cut);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let is_cut = Arc::clone(&is_cut);
                // A sidecar that is gone is the client's affair.
                thread::spawn(move || drop(join(client, target, &is_cut)));
            }
        });
        Cable { address, cut }
    }

    /// Where it begins.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts it for ever.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }
}

fn join(mut client: TcpStream, target: SocketAddr, cut: &Arc<AtomicBool>) -> io::Result<()> {
    let mut sidecar = TcpStream::connect(target)?;
    let (mut answers, mut back) = (sidecar.try_clone()?, client.try_clone()?);
    let is_cut = Arc::clone(cut);
    thread::spawn(move || drop(copy(&mut answers, &mut back, &is_cut)));
    copy(&mut client, &mut sidecar, cut)
}

fn copy(from: &mut TcpStream, to: &mut TcpStream, cut: &AtomicBool) -> io::Result<()> {
    let mut piece = [0; 4096];
    loop {
        let length = from.read(&mut piece)?;
        match (cut.load(Ordering::SeqCst), length) {
            (false, 0) => return to.shutdown(std::net::Shutdown::Write),
            (false, _) => to.write_all(&piece[..length])?,
            // An end does not get through either: both connections stay open until the process ends.
            (true, 0) => loop {
                thread::park();
            },
            (true, _) => {}
        }
    }
}
