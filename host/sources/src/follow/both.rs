//! A component that comes one way, and settings that come another.

use super::files::{Look, follow_set};
use super::{Feed, Terms, deliver, settings_member, unread_settings};
use crate::check::{Demands, Fetched};
use crate::error::SourceError;
use crate::file::FileSet;
use crate::publication::{Sourced, compose};
use crate::settings::{Settings, SettingsSource};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// What is known of a component.
#[derive(Clone)]
pub(crate) enum Component {
    /// It is this one, with the settings that lie beside it if there are any.
    Found(Fetched, Option<Settings>),
    /// There is none, or not for now.
    Missing(Sourced),
}

impl From<Result<(Fetched, Option<Settings>), Sourced>> for Component {
    fn from(found: Result<(Fetched, Option<Settings>), Sourced>) -> Component {
        match found {
            Ok((fetched, settings)) => Component::Found(fetched, settings),
            Err(missing) => Component::Missing(missing),
        }
    }
}

/// Sends what components and the operator's settings make together, until neither can change.
pub(super) async fn follow_both(
    components: Receiver<Component>,
    terms: Terms,
    sourced: Sender<Sourced>,
) {
    let Terms { demands, settings, poll } = terms;
    let looks = match &settings {
        SettingsSource::Inline(_) => None,
        SettingsSource::File(path) => {
            let (tell, looks) = channel(1);
            let files = FileSet(vec![settings_member(path.clone())]);
            tokio::spawn(follow_set(files, poll, tell));
            Some(looks)
        }
    };
    let apart = looks.is_some();
    let pair = Pair::new(demands, &settings);
    deliver(Both { components: Some(components), looks, settings, pair }, apart, sourced).await;
}

/// Where the two come from; none where nothing more comes.
struct Both {
    components: Option<Receiver<Component>>,
    looks: Option<Receiver<Look>>,
    settings: SettingsSource,
    pair: Pair,
}

impl Feed for Both {
    async fn next(&mut self) -> Option<Sourced> {
        loop {
            tokio::select! {
                component = next(&mut self.components) => match component {
                    Some(component) => self.pair.component = Some(component),
                    None => self.components = None,
                },
                look = next(&mut self.looks) => match look {
                    Some(look) => self.pair.settings = Some(of_look(&self.settings, look)),
                    None => self.looks = None,
                },
            }
            if self.components.is_none() && self.looks.is_none() {
                // What came last has been composed.
                return None;
            }
            if let Some(now) = self.pair.publication(self.looks.is_some()) {
                return Some(now);
            }
        }
    }
}

/// Never comes where nothing can.
async fn next<T>(receiver: &mut Option<Receiver<T>>) -> Option<T> {
    match receiver {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}

fn of_look(settings: &SettingsSource, look: Look) -> Result<Settings, SourceError> {
    match (settings, look) {
        (SettingsSource::File(path), Ok(mut contents)) => {
            let bytes = contents.pop().flatten().unwrap_or_default();
            Ok(Settings::of_file(path, bytes))
        }
        (SettingsSource::Inline(text), Ok(_)) => Ok(Settings::Spec(text.clone())),
        (_, Err(unread)) => Err(unread_settings(settings, unread.why)),
    }
}

/// The two, as far as they are known.
struct Pair {
    demands: Demands,
    component: Option<Component>,
    /// The operator's.
    settings: Option<Result<Settings, SourceError>>,
}

impl Pair {
    fn new(demands: Demands, settings: &SettingsSource) -> Pair {
        let settings = match settings {
            SettingsSource::Inline(text) => Some(Ok(Settings::Spec(text.clone()))),
            SettingsSource::File(_) => None,
        };
        Pair { demands, component: None, settings }
    }

    /// What they make together; none while one of them is not known yet. The component's bytes are
    /// kept if it is to be composed `again`.
    fn publication(&mut self, again: bool) -> Option<Sourced> {
        let own = match self.component.as_ref()? {
            Component::Missing(missing) => return Some(missing.clone()),
            Component::Found(_, own) => own.clone(),
        };
        // What lies beside the component goes before the operator's, whatever became of those.
        let settings = match own {
            Some(own) => own,
            None => match self.settings.clone()? {
                Ok(settings) => settings,
                Err(error) => return Some(error.into()),
            },
        };
        let component = if again { self.component.clone() } else { self.component.take() };
        match component {
            Some(Component::Found(fetched, _)) => {
                Some(compose(fetched, &settings, &self.demands).into())
            }
            Some(Component::Missing(_)) | None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn found(bytes: &str, own: Option<&str>) -> Component {
        let fetched = Fetched {
            label: "configmap:p".to_owned(),
            file: "p.wasm".to_owned(),
            bytes: bytes.as_bytes().to_owned(),
            signature: None,
        };
        let own = own.map(|text| Settings::Outside {
            from: "configmap:p/settings.json".to_owned(),
            bytes: text.as_bytes().to_owned(),
        });
        Component::Found(fetched, own)
    }

    fn demands() -> Demands {
        Demands { limit: 10, pin: None, key: None }
    }

    #[track_caller]
    fn is_found(sourced: Option<Sourced>, bytes: &str, settings: &str) {
        let Some(Sourced::Found(found)) = sourced else { panic!("{sourced:?}") };
        assert_eq!((found.bytes.as_slice(), &*found.settings), (bytes.as_bytes(), settings));
    }

    #[test]
    fn neither_goes_live_without_the_other() {
        let mut pair = Pair::new(demands(), &SettingsSource::File("/s".into()));
        assert_eq!(pair.publication(true), None);
        pair.component = Some(found("one", None));
        assert_eq!(pair.publication(true), None);
        pair.settings = Some(Ok(Settings::none()));
        is_found(pair.publication(true), "one", "");
        pair.settings = Some(Err(SourceError::read("@/s", "gone")));
        assert!(matches!(pair.publication(true), Some(Sourced::Unavailable(_))));
        // Its own go before the operator's.
        pair.component = Some(found("two", Some("{}")));
        is_found(pair.publication(true), "two", "{}");
    }

    #[test]
    fn a_refused_component_takes_its_settings_with_it() {
        let mut pair = Pair::new(demands(), &SettingsSource::Inline(Arc::from("")));
        pair.component = Some(found("more than ten bytes", Some("{}")));
        let Some(Sourced::Refused(error)) = pair.publication(true) else { panic!() };
        assert_eq!(error.stage(), "size");
        pair.component = Some(found("one", Some("{")));
        let Some(Sourced::Refused(error)) = pair.publication(true) else { panic!() };
        assert_eq!(error.stage(), "settings");
    }

    #[test]
    fn bytes_are_not_kept_where_nothing_else_can_change() {
        let mut pair = Pair::new(demands(), &SettingsSource::Inline(Arc::from("")));
        pair.component = Some(found("one", None));
        is_found(pair.publication(false), "one", "");
        assert!(pair.component.is_none());
    }
}
