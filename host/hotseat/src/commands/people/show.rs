//! `hotseat status ELECTION`: who leads and what people ask, by the lock, and the candidates with their
//! policies, by the roster; the last terms, by the Events.

use super::fleet::{Member, named};
use super::terms::PastTerm;
use super::{Person, block_on};
use hotseat_election::ElectionName;
use hotseat_kubernetes::{Credentials, LockKind, Sight};
use hotseat_text::visible;
use jiff::Timestamp;
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

/// What the lock of an election says to people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The election, as namespace and name.
    pub election: String,
    /// The resource that is the lock, such as `leases`.
    pub lock: String,
    /// Who leads; none: the seat is vacant.
    pub holder: Option<String>,
    /// Since the holder took the seat, in milliseconds, by its clock and this machine's.
    pub held_ms: Option<u64>,
    /// Since the holder last renewed, by the same two.
    pub renewed_ms: Option<u64>,
    /// For how long it promised to be there, in seconds.
    pub lease_seconds: Option<u64>,
    /// The fencing token of the last term.
    pub token: u64,
    /// How often the holder changed.
    pub transitions: u64,
    /// The last write was a Hotseat's, which knows of requests.
    pub hotseat: bool,
    /// Whom the last leader named to follow it.
    pub successor: Option<String>,
    /// Somebody asked that the leader stays.
    pub paused: Option<Asker>,
    /// Somebody asked that another leads.
    pub transfer: Option<Pending>,
    /// A coordinator did, by `spec.preferredHolder`.
    pub preferred_holder: Option<String>,
    /// Somebody asked that no candidate waits with this policy for others.
    pub skip: Option<Skip>,
    /// The candidates that publish themselves; none where no policy and no flag asks for the roster.
    pub candidates: Vec<Member>,
    /// Why the roster cannot be read; none if it can.
    pub roster_error: Option<String>,
    /// The last terms, the newest first, as far as the API server still has Events of them: for an hour.
    pub terms: Vec<PastTerm>,
    /// Why the Events cannot be read; none if they can.
    pub terms_error: Option<String>,
}

/// A policy with which nobody has to wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Skip {
    /// The digest of the component.
    pub policy: String,
    /// The digest of its settings; empty where there are none.
    pub settings: String,
    /// Who asked, and since when.
    #[serde(flatten)]
    pub asked: Asker,
}

/// Who asked, and when, as far as the request says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Asker {
    /// Who.
    pub by: String,
    /// Since when, by that one's clock.
    pub since: String,
}

/// A transfer that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// Who shall lead.
    pub to: String,
    /// Who asked.
    pub by: String,
    /// Until when it holds, by that one's clock.
    pub until: String,
    /// Why the leader does not carry it out.
    pub refused: Option<String>,
}

/// Reads the lock of an election.
///
/// # Errors
///
/// There is no lock, or it cannot be read.
pub fn show(
    name: &ElectionName,
    kind: LockKind,
    credentials: Credentials,
) -> anyhow::Result<Standing> {
    block_on(async {
        let person = Person::open(name, kind, credentials).await?;
        let sight = person.look().await?;
        let mut standing = standing(name, kind, &sight);
        // Whoever may read the lock alone sees what that says.
        match person.members().await {
            Ok(members) => standing.candidates = members,
            Err(error) => standing.roster_error = Some(error),
        }
        match person.terms(&sight).await {
            Ok(terms) => standing.terms = terms,
            Err(error) => standing.terms_error = Some(error),
        }
        Ok(standing)
    })
}

fn standing(name: &ElectionName, kind: LockKind, sight: &Sight) -> Standing {
    let record = &sight.record;
    let holds = record.holder.is_some();
    Standing {
        election: name.to_string(),
        lock: kind.resource().to_owned(),
        holder: record.holder.clone(),
        held_ms: sight.acquired().filter(|_| holds).map(age),
        renewed_ms: sight.renewed().map(age),
        lease_seconds: record.duration.map(|lease| lease.as_secs()),
        token: record.token.0,
        transitions: record.transitions,
        hotseat: record.mark.is_some(),
        successor: record.successor.clone(),
        paused: sight.pause().map(|note| Asker { by: note.by, since: note.since }),
        transfer: sight.transfer().map(|note| Pending {
            to: note.to,
            by: note.by,
            until: note.until,
            refused: note.refused,
        }),
        preferred_holder: record.requests.preferred.clone(),
        skip: sight.skip().map(|note| Skip {
            policy: note.policy,
            settings: note.settings,
            asked: Asker { by: note.by, since: note.since },
        }),
        candidates: Vec::new(),
        roster_error: None,
        terms: Vec::new(),
        terms_error: None,
    }
}

/// Zero for what is in the future by this machine's clock. No rule of an election looks at it.
fn age(at: Timestamp) -> u64 {
    let age = Duration::try_from(Timestamp::now().duration_since(at)).unwrap_or_default();
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}

impl Standing {
    /// A line for each fact, for people.
    pub fn text(&self) -> String {
        let mut lines = vec![
            ("election", format!("{}, by {}", self.election, self.lock)),
            ("leader", self.leader()),
            ("lease", self.lease()),
            ("fencing token", format!("{}, {} transitions", self.token, self.transitions)),
        ];
        if !self.hotseat && self.holder.is_some() {
            let other = "not by a Hotseat: it knows nothing of what is asked here";
            lines.push(("last written", other.to_owned()));
        }
        if let Some(Asker { by, since }) = &self.paused {
            lines.push(("paused", format!("the leader stays{}", asked(by, " since ", since))));
        }
        if let Some(Pending { to, by, until, refused }) = &self.transfer {
            let state = match refused {
                Some(why) => format!(": refused, {why}"),
                None => String::new(),
            };
            lines.push(("transfer", format!("to {to}{}{state}", asked(by, " until ", until))));
        }
        if let Some(preferred) = &self.preferred_holder {
            lines.push(("preferred", format!("{preferred}, by spec.preferredHolder")));
        }
        if let Some(successor) = &self.successor {
            lines.push(("successor", format!("{successor}, named by the last leader")));
        }
        if let Some(Skip { policy, settings, asked: Asker { by, since } }) = &self.skip {
            let policy = named(policy, settings);
            let asked = asked(by, " since ", since);
            lines.push(("skip", format!("nobody waits for others with {policy}{asked}")));
        }
        lines.extend(self.candidates.iter().map(|member| ("candidate", member.text())));
        if let Some(error) = &self.roster_error {
            lines.push(("candidates", format!("the roster cannot be read: {error}")));
        }
        lines.extend(self.terms.iter().map(|term| ("term", term.text())));
        if let Some(error) = &self.terms_error {
            lines.push(("terms", format!("the Events cannot be read: {error}")));
        }
        let mut text = String::new();
        for (what, answer) in lines {
            // Names come from elsewhere: each fact stays one line. Writing to a string cannot fail.
            let _ = writeln!(text, "{what:<14} {}", visible(&answer));
        }
        text
    }

    fn leader(&self) -> String {
        match (&self.holder, self.held_ms) {
            (None, _) => "nobody".to_owned(),
            (Some(holder), None) => holder.clone(),
            (Some(holder), Some(held)) => {
                format!("{holder}, for {}", crate::commands::status::duration(held))
            }
        }
    }

    fn lease(&self) -> String {
        let renewed = match self.renewed_ms {
            None => "never renewed".to_owned(),
            Some(age) => format!("renewed {} ago", crate::commands::status::duration(age)),
        };
        match (&self.holder, self.lease_seconds, self.renewed_ms) {
            (None, _, _) => "free, or waited out by those who cannot know that it is".to_owned(),
            (Some(_), Some(lease), Some(age)) if age > lease.saturating_mul(1000) => {
                format!("{renewed}, for {lease} s, which is over: others may take the seat")
            }
            (Some(_), Some(lease), _) => format!("{renewed}, for {lease} s"),
            (Some(_), None, _) => renewed,
        }
    }
}

/// Who asked, and a time, as far as they are known.
fn asked(by: &str, when: &str, time: &str) -> String {
    let by = if by.is_empty() { String::new() } else { format!(", as {by} asked") };
    let time = if time.is_empty() { String::new() } else { format!("{when}{time}") };
    format!("{by}{time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_shown_or_why_not() {
        let term = PastTerm {
            holder: "web-0".to_owned(),
            token: Some(11),
            why: Some("lost\u{1b}".to_owned()),
            ..PastTerm::default()
        };
        let shown = Standing { terms: vec![term], ..Standing::default() };
        assert!(
            shown.text().ends_with("term           web-0, token 11: lost\\u{1b}\n"),
            "{}",
            shown.text()
        );
        let refused = Standing { terms_error: Some("403".to_owned()), ..Standing::default() };
        let last = "terms          the Events cannot be read: 403\n";
        assert!(refused.text().ends_with(last), "{}", refused.text());
    }

    #[test]
    fn what_stands_on_the_lock_is_shown() {
        let mut standing = Standing {
            election: "web/shop".to_owned(),
            lock: "leases".to_owned(),
            holder: Some("web-0".to_owned()),
            held_ms: Some(124_000),
            renewed_ms: Some(1_900),
            lease_seconds: Some(15),
            token: 4711,
            transitions: 3,
            hotseat: true,
            paused: Some(Asker { by: "ann".to_owned(), since: "noon".to_owned() }),
            transfer: Some(Pending {
                to: "web-1\n".to_owned(),
                by: "bob".to_owned(),
                until: "one".to_owned(),
                refused: Some("the election is paused".to_owned()),
            }),
            ..Standing::default()
        };
        assert_eq!(
            standing.text(),
            "election       web/shop, by leases\n\
             leader         web-0, for 2 min 4 s\n\
             lease          renewed 1.9 s ago, for 15 s\n\
             fencing token  4711, 3 transitions\n\
             paused         the leader stays, as ann asked since noon\n\
             transfer       to web-1\\n, as bob asked until one: refused, the election is paused\n"
        );
        standing.skip = Some(Skip {
            policy: "sha256:abcd".to_owned(),
            settings: String::new(),
            asked: Asker { by: "ann".to_owned(), since: "noon".to_owned() },
        });
        standing.candidates = vec![Member { identity: "web-0".to_owned(), ..Member::default() }];
        let text = standing.text();
        let more = "skip           nobody waits for others with abcd, as ann asked since noon\n\
                    candidate      web-0: no policy yet\n";
        assert!(text.ends_with(more), "{text}");
        standing.candidates.clear();
        standing.roster_error = Some("403".to_owned());
        let text = standing.text();
        assert!(text.contains("candidates     the roster cannot be read: 403\n"), "{text}");
        standing.renewed_ms = Some(16_000);
        assert!(standing.text().contains("which is over"), "{}", standing.text());
        let vacant = Standing { successor: Some("web-1".to_owned()), ..Standing::default() };
        let text = vacant.text();
        assert!(text.contains("leader         nobody\n"), "{text}");
        assert!(text.contains("successor      web-1, named by the last leader\n"), "{text}");
    }
}
