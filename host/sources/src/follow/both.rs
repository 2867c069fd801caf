//! A component that comes one way, and settings that come another.

use super::files::{Look, follow_set};
use super::{Feed, SettingsSights, Terms, deliver, settings_member, unread_settings};
use crate::check::{Demands, Fetched};
use crate::config_map::{ConfigMapSight, settings_in};
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

impl From<Result<(Fetched, Option<Settings>), String>> for Component {
    fn from(found: Result<(Fetched, Option<Settings>), String>) -> Component {
        match found {
            Ok((fetched, settings)) => Component::Found(fetched, settings),
            Err(why) => Component::Missing(Sourced::Unavailable(why)),
        }
    }
}

/// Sends what components and the operator's settings make together, until neither can change.
/// `sights` are of the ConfigMap that has the settings, where one does.
pub(super) async fn follow_both(
    components: Receiver<Component>,
    terms: Terms,
    sights: SettingsSights,
    sourced: Sender<Sourced>,
) {
    let Terms { demands, settings, poll } = terms;
    let looks = match &settings {
        SettingsSource::Inline(_) | SettingsSource::ConfigMap(_) => None,
        SettingsSource::File(path) => {
            let (tell, looks) = channel(1);
            let files = FileSet(vec![settings_member(path.clone())]);
            tokio::spawn(follow_set(files, poll, tell));
            Some(looks)
        }
    };
    let pair = Pair::new(demands, &settings);
    let both = Both { components: Some(components), looks, sights, settings, pair };
    let apart = both.settings_may_change();
    deliver(both, apart, sourced).await;
}

/// Where the two come from; none where nothing more comes.
struct Both {
    components: Option<Receiver<Component>>,
    looks: Option<Receiver<Look>>,
    sights: Option<Receiver<ConfigMapSight>>,
    settings: SettingsSource,
    pair: Pair,
}

impl Both {
    fn settings_may_change(&self) -> bool {
        self.looks.is_some() || self.sights.is_some()
    }
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
                observe = next(&mut self.sights) => match observe {
                    Some(observe) => self.pair.settings = Some(of_sight(&self.settings, observe)),
                    None => self.sights = None,
                },
            }
            if self.components.is_none() && !self.settings_may_change() {
                // What came last has been composed.
                return None;
            }
            if let Some(now) = self.pair.publication(self.settings_may_change()) {
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
        (other, Ok(_)) => of_spec(other),
        (_, Err(unread)) => Err(unread_settings(settings, unread.why)),
    }
}

fn of_sight(settings: &SettingsSource, observe: ConfigMapSight) -> Result<Settings, SourceError> {
    match settings.config_map() {
        Some(map) => settings_in(map, observe),
        None => of_spec(settings),
    }
}

/// What needs no look: it is in the pod's own spec.
fn of_spec(settings: &SettingsSource) -> Result<Settings, SourceError> {
    match settings {
        SettingsSource::Inline(text) => Ok(Settings::Spec(text.clone())),
        SettingsSource::File(_) | SettingsSource::ConfigMap(_) => Ok(Settings::none()),
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
            SettingsSource::File(_) | SettingsSource::ConfigMap(_) => None,
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
