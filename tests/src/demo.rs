//! `hotseat demo` as a test starts it: without a terminal, on ports of the system's choosing, with no script from
//! its first moments on, and with what a person may press on its page.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::process::{Hotseat, Launch, get, send_with};
use crate::wait::until;

/// Three policies are compiled before anybody campaigns, on a busy machine.
pub const BEGUN: Duration = Duration::from_secs(120);

/// A running demonstration; it ends when it is dropped, and its candidates with it.
#[derive(Debug)]
pub struct Demo {
    /// The process, whose output is the timeline.
    pub process: Hotseat,
    address: SocketAddr,
    root: String,
}

/// One of its candidates, as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// Where it answers.
    pub address: SocketAddr,
}

impl Demo {
    /// Starts one, has its script rest, and waits until all candidates answer and one of them leads.
    ///
    /// # Errors
    ///
    /// When the program cannot be built or started.
    ///
    /// # Panics
    ///
    /// When it does not begin within [`BEGUN`].
    #[track_caller]
    pub fn start() -> anyhow::Result<Demo> {
        let process = Launch::hotseat()?.args(["demo", "--port", "0"]).start()?;
        let line = process.wait_line("the page is http://localhost:", BEGUN);
        let (_, first) = line.text.split_once("localhost:").context("no page")?;
        let port = first.trim_end_matches("/ui").parse().context(first.to_owned())?;
        let first = SocketAddr::from(([127, 0, 0, 1], port));
        let link = until("the link to the demonstration's page", BEGUN, || {
            let page = get(first, "/ui").map_err(|error| format!("{error:#}"))?.text();
            let link =
                page.split_once("<a href=\"http://127.0.0.1:").map(|(_, link)| link.to_owned());
            link.ok_or(page)
        });
        let link = link.split('"').next().context("no end of a link")?;
        let (port, root) = link.split_once('/').context("no path in a link")?;
        let address = SocketAddr::from(([127, 0, 0, 1], port.parse()?));
        let demo = Demo { process, address, root: format!("/{root}") };
        // It is so already: all that this does is to have the script rest.
        demo.press("connect/anna")?;
        demo.process.wait_line("leads after", BEGUN);
        until("three candidates", BEGUN, || match demo.candidates() {
            Ok(all) if all.len() == 3 => Ok(()),
            other => Err(format!("{other:?}")),
        });
        Ok(demo)
    }

    /// The address of its page.
    #[must_use]
    pub fn page(&self) -> String {
        format!("http://{}{}", self.address, self.root)
    }

    /// The candidates that have a page.
    ///
    /// # Errors
    ///
    /// When the demonstration does not answer, or its page is none.
    pub fn candidates(&self) -> anyhow::Result<Vec<Shown>> {
        let page = get(self.address, &self.root)?.text();
        let rows = page.split("<h2>").skip(1).filter_map(|row| {
            let name = row.split('<').next()?;
            let port = row.split_once("href=\"http://localhost:")?.1.split('/').next()?;
            let address = SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?));
            Some(Shown { name: name.to_owned(), address })
        });
        Ok(rows.collect())
    }

    /// Presses a button of its page, such as `kill/anna`.
    ///
    /// # Errors
    ///
    /// When it is not done.
    pub fn press(&self, button: &str) -> anyhow::Result<()> {
        let host = self.address.to_string();
        let path = format!("{}{button}", self.root);
        let answer = send_with(self.address, "POST", &path, &[("Host", &host)], "")?;
        ensure!(answer.status == 303, "{button}: {}: {}", answer.status, answer.text());
        Ok(())
    }
}
