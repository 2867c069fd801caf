//! Following a source: each publication that it has, and each time that it has none.
//!
//! Every function here sends [`Sourced`] values, settings included, until the receiver is gone or
//! nothing can change any more. The same is not sent twice in a row.

mod both;
mod files;
#[cfg_attr(not(target_os = "linux"), path = "no_hints.rs")]
mod hints;

use crate::check::{Demands, Fetched};
use crate::config_map::{ConfigMapSight, found_in};
use crate::error::SourceError;
use crate::file::{FileSource, Member};
use crate::oci::{self, Registries};
use crate::publication::{LastSourced, Sourced, compose};
use crate::reference::ConfigMapRef;
use crate::settings::{LARGEST_SETTINGS, Settings, SettingsSource, file_label, too_large};
pub(crate) use both::Component;
use both::follow_both;
use files::{Look, follow_set};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep_until};

/// How a policy is to be found, whatever it comes from.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What is demanded of it.
    pub demands: Demands,
    /// The operator's settings for it.
    pub settings: SettingsSource,
    /// How often files are looked at, from 10 ms to an hour.
    pub poll: Duration,
}

/// How long files that do not fit together are waited for: who replaces a component and its
/// signature, or signs settings anew, does it in steps.
const HALF_DONE: Duration = Duration::from_secs(5);

/// What somebody else sees of the ConfigMap that has the operator's settings; none where they are
/// elsewhere.
pub type SettingsSights = Option<Receiver<ConfigMapSight>>;

/// Follows a component that stays as it is, such as the one that the program brings along; only its
/// settings can change.
pub async fn follow_builtin(
    component: Fetched,
    terms: Terms,
    settings: SettingsSights,
    sourced: Sender<Sourced>,
) {
    let (tell, components) = channel(1);
    // There is room for it.
    let _ = tell.try_send(Component::Found(component, None));
    drop(tell);
    follow_both(components, terms, settings, sourced).await;
}

/// Follows a component's file, its signature where a key is demanded, and the file of its settings:
/// all read together, and again until none of them changes any more.
///
/// Where they do not fit together, as while somebody replaces one after the other, the refusal is
/// held back for five seconds, except for what is there at first.
pub async fn follow_file(
    path: PathBuf,
    terms: Terms,
    sights: SettingsSights,
    sourced: Sender<Sourced>,
) {
    let signed = terms.demands.key.is_some();
    let file = FileSource { path, limit: terms.demands.limit, signed };
    if sights.is_some() {
        let (tell, components) = channel(1);
        tokio::spawn(follow_component(file, terms.poll, tell));
        return follow_both(components, terms, sights, sourced).await;
    }
    let Terms { demands, settings, poll } = terms;
    let mut set = file.set();
    if let SettingsSource::File(path) = &settings {
        set.0.push(settings_member(path.clone()));
    }
    let (tell, looks) = channel(1);
    tokio::spawn(follow_set(set, poll, tell));
    deliver(Files { file, settings, demands, looks }, true, sourced).await;
}

/// Pulls an artifact until the registry has given it: what a digest names never changes. Each new
/// reason for a failure is sent. From then on only its settings can change.
pub async fn follow_oci(
    artifact: oci::Reference,
    registries: Registries,
    terms: Terms,
    settings: SettingsSights,
    sourced: Sender<Sourced>,
) {
    let (tell, components) = channel(1);
    let limit = terms.demands.limit;
    tokio::spawn(oci::pull_until_found(artifact, limit, registries, tell));
    follow_both(components, terms, settings, sourced).await;
}

/// Follows a ConfigMap that somebody else watches, as it is seen in `sights`. It is one object:
/// component, signature and settings come together. Settings in it go before the operator's.
pub async fn follow_config_map(
    map: ConfigMapRef,
    mut sights: Receiver<ConfigMapSight>,
    terms: Terms,
    settings: SettingsSights,
    sourced: Sender<Sourced>,
) {
    let (tell, components) = channel(1);
    tokio::spawn(async move {
        while let Some(observe) = sights.recv().await {
            if tell.send(found_in(&map, observe).into()).await.is_err() {
                return;
            }
        }
    });
    follow_both(components, terms, settings, sourced).await;
}

/// Follows a component's file, and its signature if there has to be one, without settings.
async fn follow_component(file: FileSource, poll: Duration, tell: Sender<Component>) {
    let (told, mut looks) = channel(1);
    tokio::spawn(follow_set(file.set(), poll, told));
    while let Some(look) = looks.recv().await {
        let found = match look {
            Ok(contents) => file.fetched(contents.into_iter()),
            Err(unread) => Err(file.refused(unread)),
        };
        let component = match found {
            Ok(fetched) => Component::Found(fetched, None),
            Err(error) => Component::Missing(error.into()),
        };
        if tell.send(component).await.is_err() {
            return;
        }
    }
}

fn settings_member(path: PathBuf) -> Member {
    Member { path, limit: LARGEST_SETTINGS, optional: false }
}

/// What comes of a source, one after the other; none when nothing can come any more.
trait Feed: Send {
    /// Loses nothing when it is dropped while it waits.
    fn next(&mut self) -> impl Future<Output = Option<Sourced>> + Send;
}

/// A component's file and those that belong to it.
struct Files {
    file: FileSource,
    settings: SettingsSource,
    demands: Demands,
    looks: Receiver<Look>,
}

impl Feed for Files {
    async fn next(&mut self) -> Option<Sourced> {
        let look = self.looks.recv().await?;
        Some(self.publication(look))
    }
}

impl Files {
    /// What the files of one look are: the component, its signature if there has to be one, and
    /// the settings if they are in a file.
    fn publication(&self, look: Look) -> Sourced {
        let last = 1 + usize::from(self.file.signed);
        let mut contents = match look {
            Ok(contents) => contents.into_iter(),
            Err(unread) if unread.member < last => return self.file.refused(unread).into(),
            Err(unread) => return unread_settings(&self.settings, unread.why).into(),
        };
        let found = self.file.fetched(contents.by_ref().take(last)).and_then(|fetched| {
            let settings = match &self.settings {
                SettingsSource::Inline(text) => Settings::Spec(text.clone()),
                SettingsSource::File(path) => {
                    Settings::of_file(path, contents.next().flatten().unwrap_or_default())
                }
                // Then they are not files of one set.
                SettingsSource::ConfigMap(_) => Settings::none(),
            };
            compose(fetched, &settings, &self.demands)
        });
        found.into()
    }
}

/// None: it is too large.
fn unread_settings(settings: &SettingsSource, why: Option<String>) -> SourceError {
    let label = match settings {
        SettingsSource::Inline(_) => String::new(),
        SettingsSource::File(path) => file_label(path),
        SettingsSource::ConfigMap(map) => map.to_string(),
    };
    match why {
        Some(why) => SourceError::read(&label, why),
        None => too_large(label),
    }
}

/// Sends what comes of `feed` until nothing does or nobody takes it: news alone, and a refusal of parts
/// that do not fit together only after [`HALF_DONE`], if nothing else came meanwhile. What is there
/// at first is refused at once, and so is everything if parts cannot change `apart`.
async fn deliver(mut feed: impl Feed, apart: bool, sourced: Sender<Sourced>) {
    let mut last = LastSourced::default();
    let mut first = true;
    let mut held: Option<(Sourced, Instant)> = None;
    loop {
        let until = held.as_ref().map(|(_, until)| *until);
        let news = tokio::select! {
            now = feed.next() => {
                let Some(now) = now else { break };
                held = None;
                let misfit = matches!(now, Sourced::Refused(SourceError::Signature { .. }));
                if misfit && apart && !first {
                    held = Some((now, Instant::now() + HALF_DONE));
                    continue;
                }
                now
            }
            () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {
                let Some((refused, _)) = held.take() else { continue };
                refused
            }
            () = sourced.closed() => return,
        };
        first = false;
        if last.is_news(&news) && sourced.send(news).await.is_err() {
            return;
        }
    }
    // Nothing comes any more that could make it fit.
    if let Some((refused, _)) = held
        && last.is_news(&refused)
    {
        let _ = sourced.send(refused).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::PolicyKey;
    use crate::signature::tests::{COVERED, KEY, SIGNATURE, SIGNED};
    use std::sync::Arc;

    const SETTINGS: &str = "{\"minutes\": 60}\n";

    fn files(looks: Receiver<Look>) -> Files {
        Files {
            file: FileSource { path: "/p.wasm".into(), limit: 100, signed: true },
            settings: SettingsSource::File("/s.json".into()),
            demands: Demands { limit: 100, pin: None, key: PolicyKey::parse(KEY).ok() },
            looks,
        }
    }

    fn make(look: Look) -> Sourced {
        files(channel(1).1).publication(look)
    }

    fn look(signature: &str, settings: &str) -> Look {
        let text = |text: &str| Some(text.as_bytes().to_owned());
        Ok(vec![Some(SIGNED.to_owned()), text(signature), text(settings)])
    }

    #[test]
    fn files_are_one_publication() {
        let Sourced::Found(found) = make(look(COVERED, SETTINGS)) else { panic!("not found") };
        assert_eq!((found.bytes.as_slice(), &*found.settings), (SIGNED, SETTINGS));
        let Sourced::Refused(error) = make(look(COVERED, "{}")) else { panic!("not refused") };
        assert!(
            error.to_string().contains("minisign -S -m /p.wasm -t 'settings=sha256:"),
            "{error}"
        );
        for (member, why, stage, words) in [
            (0, None, "size", "file:/p.wasm: is larger than 100 bytes"),
            (1, None, "signature", "/p.wasm.minisig: is too large"),
            (1, Some("no"), "signature", "/p.wasm.minisig: cannot be read: no"),
            (2, None, "settings", "@/s.json: larger than 256 KiB"),
        ] {
            let why = why.map(str::to_owned);
            let Sourced::Refused(error) = make(Err(files_unread(member, why))) else { panic!() };
            let said = error.to_string();
            assert!(error.stage() == stage && said.contains(words), "{stage}: {said}");
        }
        for (member, label) in [(0, "file:/p.wasm: "), (2, "@/s.json: ")] {
            let why = Some("gone".to_owned());
            let Sourced::Unavailable(why) = make(Err(files_unread(member, why))) else { panic!() };
            assert_eq!(why, format!("{label}cannot be read: gone"));
        }
    }

    fn files_unread(member: usize, why: Option<String>) -> crate::file::Unread {
        crate::file::Unread { member, why }
    }

    /// Delivers what is made of looks.
    fn delivered(apart: bool) -> (Sender<Look>, Receiver<Sourced>) {
        let (looks, seen) = channel(8);
        let (tell, sourced) = channel(8);
        tokio::spawn(deliver(files(seen), apart, tell));
        (looks, sourced)
    }

    #[tokio::test(start_paused = true)]
    async fn an_update_that_is_half_done_is_waited_for() {
        let (looks, mut sourced) = delivered(true);
        looks.send(look(COVERED, SETTINGS)).await.unwrap();
        assert!(matches!(sourced.recv().await, Some(Sourced::Found(_))));
        // Other settings and, four seconds later, a signature; in between nothing is said.
        let began = Instant::now();
        looks.send(look(COVERED, "{}")).await.unwrap();
        sleep_until(began + HALF_DONE - Duration::from_secs(1)).await;
        looks.send(look("nonsense", "{}")).await.unwrap();
        sleep_until(began + HALF_DONE).await;
        assert!(sourced.try_recv().is_err());
        looks.send(look(COVERED, SETTINGS)).await.unwrap();
        sleep_until(began + 3 * HALF_DONE).await;
        // It is as it was.
        assert!(sourced.try_recv().is_err());
        // What stays so is refused, once.
        let began = Instant::now();
        looks.send(look(SIGNATURE, SETTINGS)).await.unwrap();
        let Some(Sourced::Refused(error)) = sourced.recv().await else { panic!("not refused") };
        assert_eq!((error.stage(), began.elapsed()), ("signature", HALF_DONE));
        assert!(error.to_string().contains("does not cover the settings in @/s.json"), "{error}");
        sleep_until(began + 3 * HALF_DONE).await;
        assert!(sourced.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_as_one_is_refused_at_once() {
        let (looks, mut sourced) = delivered(false);
        let began = Instant::now();
        looks.send(look(COVERED, SETTINGS)).await.unwrap();
        assert!(matches!(sourced.recv().await, Some(Sourced::Found(_))));
        looks.send(look(SIGNATURE, SETTINGS)).await.unwrap();
        assert!(matches!(sourced.recv().await, Some(Sourced::Refused(_))));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_not_lost_when_nothing_comes_any_more() {
        let (looks, mut sourced) = delivered(true);
        looks.send(look(COVERED, SETTINGS)).await.unwrap();
        assert!(matches!(sourced.recv().await, Some(Sourced::Found(_))));
        looks.send(look(SIGNATURE, SETTINGS)).await.unwrap();
        drop(looks);
        assert!(matches!(sourced.recv().await, Some(Sourced::Refused(_))));
        assert_eq!(sourced.recv().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_at_first_is_refused_at_once() {
        let (looks, mut sourced) = delivered(true);
        let began = Instant::now();
        looks.send(look(SIGNATURE, SETTINGS)).await.unwrap();
        assert!(matches!(sourced.recv().await, Some(Sourced::Refused(_))));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn what_cannot_change_ends() {
        let fetched = Fetched {
            label: "builtin".to_owned(),
            file: "builtin".to_owned(),
            bytes: SIGNED.to_owned(),
            signature: None,
        };
        let (tell, mut sourced) = channel(1);
        let terms = Terms {
            demands: Demands { limit: 100, pin: None, key: None },
            settings: SettingsSource::Inline(Arc::from("{}")),
            poll: Duration::from_secs(3600),
        };
        follow_builtin(fetched, terms, None, tell).await;
        let Some(Sourced::Found(found)) = sourced.recv().await else { panic!("not found") };
        assert_eq!((&*found.settings, found.label.as_str()), ("{}", "builtin"));
        assert_eq!(sourced.recv().await, None);
    }
}
