//! The exit-code fence: after the end of each term the application says in time that it has let go,
//! by `PUT /v1/released?token=N`, or this program ends with a certain status, on which a rule of the
//! pod restarts all its containers.

use crate::companions::Request;
use crate::telemetry;
use hotseat_core::lock::Token;
use hotseat_core::time::Moment;
use hotseat_election::Status;
use hotseat_election::clock::{self, Alarm};
use std::io;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch as flag;

/// How long the program may take to end after it was asked to, before it is ended from here.
const ENDS_WITHIN: Duration = Duration::from_millis(100);

/// What the fence does, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The status that the rule of the pod names.
    pub exit_code: u8,
    /// How long the application has to let go, from the end of belief. What is left of the reaction
    /// time after it is for the kubelet.
    pub after: Duration,
}

/// A term whose belief has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Past {
    token: Token,
    ended: Moment,
}

/// Watches the terms of the election of that status until `over` says so.
///
/// A process that is asked to stop is not fenced: the kubelet ends the pod then, and a native sidecar
/// is asked after the application has ended, which can say nothing any more.
///
/// # Errors
///
/// The system gives no timer.
pub(crate) async fn watch(
    fence: Fence,
    status: Status,
    ask: UnboundedSender<Request>,
    mut over: flag::Receiver<bool>,
) -> io::Result<()> {
    let mut views = status.views();
    let alarm = Alarm::new()?;
    let mut present = None;
    let mut past: Option<Past> = None;
    loop {
        let view = views.borrow_and_update().clone();
        if view.stopping || *over.borrow() || over.has_changed().is_err() {
            return Ok(());
        }
        let now = clock::now();
        let led = view.term.as_ref().filter(|term| now < term.until);
        match (led, present) {
            // A term that goes on, or the next one of this same process: nobody else led between, and
            // who lets go of it lets go of those before it.
            (Some(term), _) => (present, past) = (Some((term.token, term.until)), None),
            (None, Some((token, until))) => {
                past = Some(Past { token, ended: now.min(until) });
                present = None;
            }
            (None, None) => {}
        }
        past = past.filter(|past| status.application().last() < past.token);
        let due = past.map(|past| past.ended + fence.after);
        if let (Some(past), Some(due)) = (past, due)
            && now >= due
        {
            end(fence, past, &ask).await;
        }
        let lapse = present.map(|(_, until)| until);
        alarm.set(due.or(lapse).unwrap_or(Moment::NEVER))?;
        let awaited = past.map_or(Token(u64::MAX), |past| past.token);
        tokio::select! {
            biased;
            _ = over.changed() => {}
            changed = views.changed() => if changed.is_err() { return Ok(()) },
            () = status.application().until(awaited) => {}
            rung = alarm.ring() => rung?,
        }
    }
}

/// Ends this process: by its own loop, or from here if that does not move.
async fn end(fence: Fence, past: Past, ask: &UnboundedSender<Request>) -> ! {
    let Fence { exit_code, after } = fence;
    tracing::error!(
        token = %past.token, exit_code, ?after,
        "the application has not let go of its term: ending, so that the pod's containers are restarted"
    );
    let _ = ask.send(Request::Exit(exit_code));
    tokio::time::sleep(ENDS_WITHIN).await;
    telemetry::complain("hotseat: the election does not end by itself: ended by its fence");
    std::process::exit(exit_code.into());
}
