//! One connection, from accept to close.

use super::answer::HttpResponse;
use super::body::receive;
use super::journal::ReadingSeat;
use super::limits::Limits;
use super::routes::{Route, Site};
use super::slots::{Order, Phase, Slot, Slots};
use super::stream::Stream;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep_until};

/// The smallest buffer that hyper takes, in bytes.
const SMALLEST_HEAD: usize = 8192;
/// What a header takes in memory besides its bytes, roughly: its places in hyper's map.
const FIELD_BYTES: usize = 128;

/// Why a connection ended.
enum End {
    /// By the client, by the protocol or after an error of either.
    Closed(hyper::Result<()>),
    /// The client took too long for what the phase says.
    TooSlow(Phase),
    /// It had to make room.
    Dismissed,
}

/// Serves one client until it goes, is too slow, or has to make room.
pub(super) async fn serve(
    stream: TcpStream,
    slot: &Rc<Slot>,
    slots: &Rc<Slots>,
    site: &Site,
    limits: Limits,
) {
    // Answers are written at once; waiting to fill a packet would delay them.
    if let Err(error) = stream.set_nodelay(true) {
        return tracing::debug!(%error, "an HTTP connection ended before it was served");
    }
    // None if it has gone already.
    let peer = stream.peer_addr().ok().map(|address| address.ip());
    let io = TokioIo::new(Stream::new(stream, Rc::clone(slot), Rc::clone(slots), limits));
    let service = service_fn(|request: Request<Incoming>| {
        slot.takes(request.headers().len() * FIELD_BYTES);
        slots.make_room(slot, &limits);
        respond(request, peer, slot, site, limits.body_bytes)
    });
    let connection = http1::Builder::new()
        .max_buf_size(limits.head_bytes.max(SMALLEST_HEAD))
        .max_headers(limits.head_fields)
        // Old clients may look for `Content-Length:` as Go writes it.
        .title_case_headers(true)
        // A client may end its side after the request, as `nc` does, and still wants the answer.
        .half_close(true)
        // The answers are small: one buffer and one write is the cheapest.
        .writev(false)
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    let mut alarm = pin!(sleep_until(slot.deadline(&limits)));
    let mut finishing = false;
    let end = poll_fn(|context| {
        slot.listen(context);
        if slot.order() == Order::Finish && !finishing {
            finishing = true;
            connection.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(result) = connection.as_mut().poll(context) {
            return Poll::Ready(End::Closed(result));
        }
        if slot.order() == Order::Drop {
            return Poll::Ready(End::Dismissed);
        }
        poll_deadline(alarm.as_mut(), slot, &limits, context)
    })
    .await;
    report(end, site);
}

/// Ready when the client has had time enough. The alarm is set anew only when it is too late or
/// went off too early, not with each request.
fn poll_deadline(
    mut alarm: std::pin::Pin<&mut Sleep>,
    slot: &Slot,
    limits: &Limits,
    context: &mut Context<'_>,
) -> Poll<End> {
    let deadline = slot.deadline(limits);
    if alarm.deadline() > deadline {
        alarm.as_mut().reset(deadline);
    }
    while alarm.as_mut().poll(context).is_ready() {
        if alarm.deadline() >= deadline {
            return Poll::Ready(End::TooSlow(slot.phase()));
        }
        alarm.as_mut().reset(deadline);
    }
    Poll::Pending
}

fn report(end: End, site: &Site) {
    match end {
        End::Closed(Ok(())) | End::Dismissed | End::TooSlow(Phase::Idle) => {}
        End::Closed(Err(error)) => {
            // hyper has answered these by itself.
            if error.is_parse_too_large() {
                site.count("", 431);
            } else if error.is_parse() {
                site.count("", 400);
            }
            tracing::debug!(%error, "an HTTP connection ended badly");
        }
        End::TooSlow(phase) => tracing::debug!(?phase, "an HTTP client was too slow"),
    }
}

async fn respond(
    request: Request<Incoming>,
    peer: Option<IpAddr>,
    slot: &Rc<Slot>,
    site: &Site,
    most: usize,
) -> Result<HttpResponse, Infallible> {
    // With pipelining the request was there already.
    slot.received(0);
    let (head, body) = request.into_parts();
    let route = Route::of(head.uri.path());
    // All bodies but a signal's are read only to be thrown away.
    let body = receive(body, route.map_or(0, |route| route.body_bytes), most).await;
    let mut response = site.answer(route, peer, &head, body.content, slot);
    if !body.whole {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    site.count(route.map_or("", |route| route.path), response.status().as_u16());
    if let Some(seat) = response.extensions_mut().remove::<ReadingSeat>() {
        slot.keep(seat);
    }
    slot.enter(Phase::Answering);
    Ok(response)
}
