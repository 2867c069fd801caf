//! How many seats a process holds: its elections share nothing else, and a policy may want to know.

use crate::clock;
use crate::status::Status;
use hotseat_core::event::Event;
use hotseat_core::view::View;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;

/// Which of a process's elections it leads. All of them are given clones of one; an election with its own
/// counts as the only one.
#[derive(Clone, Debug)]
pub struct Seats {
    /// By the number that each election has here.
    held: watch::Sender<BTreeSet<u64>>,
    last: Arc<AtomicU64>,
}

impl Default for Seats {
    fn default() -> Seats {
        Seats { held: watch::Sender::new(BTreeSet::new()), last: Arc::default() }
    }
}

/// An election among those of its process. With its end its seat is not held any more.
struct Place {
    number: u64,
    held: watch::Sender<BTreeSet<u64>>,
}

impl Place {
    fn of(seats: &Seats) -> Place {
        let number = seats.last.fetch_add(1, Ordering::Relaxed);
        Place { number, held: seats.held.clone() }
    }

    fn holds(&self, holds: bool) {
        self.held.send_if_modified(|held| match holds {
            true => held.insert(self.number),
            false => held.remove(&self.number),
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.holds(false);
    }
}

/// Says of an election whether it is led here, and tells it how many others are. Runs until nobody
/// listens.
pub(crate) async fn relay(seats: Seats, status: Status, events: Sender<Event>) {
    let place = Place::of(&seats);
    let (mut views, mut held) = (status.views(), seats.held.subscribe());
    let mut told = 0;
    loop {
        // Seen before they are read, so that what changes meanwhile is looked at again.
        let view = views.borrow_and_update().clone();
        place.holds(view.leads(clock::now()));
        let elsewhere = {
            let held = held.borrow_and_update();
            held.iter().filter(|number| **number != place.number).count()
        };
        let elsewhere = u32::try_from(elsewhere).unwrap_or(u32::MAX);
        if elsewhere != told {
            told = elsewhere;
            if events.send(Event::SeatsElsewhere(elsewhere)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = views.changed() => if changed.is_err() { return },
            changed = held.changed() => if changed.is_err() { return },
            // A term that lapses changes nothing but the answer.
            () = until_it_ends(&view) => {}
            () = events.closed() => return,
        }
    }
}

async fn until_it_ends(view: &View) {
    match view.term.as_ref().filter(|_| view.leads(clock::now())) {
        Some(term) => tokio::time::sleep(clock::until(term.until)).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ElectionName;
    use hotseat_core::lock::Token;
    use hotseat_core::view::Term;
    use std::time::Duration;
    use tokio::sync::mpsc::{Receiver, channel};
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(20);

    fn leading(holds: Duration) -> View {
        let since = clock::now();
        let (token, until) = (Token(1), since + holds);
        let term = Term { token, uid: String::new(), transitions: 0, since, until };
        View { term: Some(term), ..View::default() }
    }

    fn status(name: &str) -> Status {
        Status::new(ElectionName::new("le", name), "web-0", clock::now(), Duration::from_secs(2))
    }

    async fn next(events: &mut Receiver<Event>) -> u32 {
        match timeout(SOON, events.recv()).await.unwrap().unwrap() {
            Event::SeatsElsewhere(count) => count,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn each_election_hears_of_the_seats_of_the_others() {
        let seats = Seats::default();
        let [one, two] = ["one", "two"].map(status);
        let (sender, mut of_one) = channel(4);
        let first = tokio::spawn(relay(seats.clone(), one.clone(), sender));
        let (sender, mut of_two) = channel(4);
        let second = tokio::spawn(relay(seats, two.clone(), sender));
        one.show(leading(Duration::from_secs(3600)));
        assert_eq!(next(&mut of_two).await, 1);
        // A term that lapses is held no more, though nothing was shown.
        two.show(leading(Duration::from_secs(3)));
        assert_eq!(next(&mut of_one).await, 1);
        assert_eq!(next(&mut of_one).await, 0);
        two.show(leading(Duration::from_secs(3600)));
        assert_eq!(next(&mut of_one).await, 1);
        // An election that has ended holds none.
        second.abort();
        assert_eq!(next(&mut of_one).await, 0);
        drop(of_one);
        timeout(SOON, first).await.unwrap().unwrap();
    }
}
