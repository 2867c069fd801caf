//! Kubeconfig files: reading a list of them, and what its current context names.
//!
//! Nothing is merged. The first file that sets something wins, as for kubectl, so each thing is
//! looked for in file after file, and an error can say in which it was found.

use anyhow::{Context as _, bail, ensure};
use kube::config::{AuthInfo, Cluster, Context, Kubeconfig, KubeconfigError};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What to do about a file that is of no use.
const REMEDY: &str = "correct the file, or name another in $KUBECONFIG";

/// The files of a list that are there.
pub(super) struct Files {
    /// In the order of the list.
    read: Vec<(PathBuf, Kubeconfig)>,
    /// All of the list, for messages.
    list: String,
}

/// One entry of a file, and where it is, for messages.
pub(super) struct Entry<T> {
    /// Its name in the file.
    pub(super) name: String,
    /// `kubeconfig PATH`.
    pub(super) at: String,
    pub(super) value: T,
}

/// What the current context names.
pub(super) struct Chosen {
    pub(super) cluster: Entry<Cluster>,
    pub(super) user: Entry<AuthInfo>,
    /// What is not used, for people.
    pub(super) notes: Vec<String>,
}

impl Files {
    /// Reads the files of a list. Missing ones are passed over if another is there, and empty ones
    /// say nothing.
    pub(super) fn read(paths: &[PathBuf]) -> anyhow::Result<Files> {
        let list = paths.iter().map(|path| path.display().to_string());
        let mut files = Files { read: Vec::new(), list: list.collect::<Vec<_>>().join(":") };
        let mut empty = false;
        for path in paths {
            match std::fs::read(path) {
                Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => empty = true,
                Ok(_) => files.read.push((path.clone(), parse(path)?)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => bail!("{}: cannot be read ({error}): {REMEDY}", at(path)),
            }
        }
        if files.read.is_empty() {
            let why = match (empty, paths.len()) {
                (true, 1) => "is empty: name another file in $KUBECONFIG",
                (true, _) => "no file of the list says anything: name another in $KUBECONFIG",
                (false, 0) => "$KUBECONFIG names no file: name one, or unset it",
                (false, _) => {
                    "cannot be read (No such file or directory): name another file in $KUBECONFIG, or run in a pod without it"
                }
            };
            bail!("kubeconfig {}: {why}", files.list);
        }
        Ok(files)
    }

    /// What the current context names.
    pub(super) fn choose(&self) -> anyhow::Result<Chosen> {
        let Some((context_at, name, context)) = self.context()? else {
            bail!(
                "kubeconfig {}: current-context is not set: set it (kubectl config use-context NAME), or name another file in $KUBECONFIG",
                self.list
            );
        };
        let cluster = self.cluster(context_at, name, &context)?;
        let mut notes = Vec::new();
        let user = self.user(context_at, &context, &mut notes);
        notes.extend(self.unknown_fields(&cluster, &user, name));
        if let Some(namespace) = super::filled(context.namespace.as_ref()) {
            // Most kubeconfigs have one, so that it is not worth a line for everybody.
            tracing::debug!(
                "{}: context {name:?}: its namespace {namespace:?} is not used: the election's is set by itself, so that all candidates agree",
                at(context_at)
            );
        }
        Ok(Chosen { cluster, user, notes })
    }

    /// The namespace that the current context names; none without either.
    pub(super) fn namespace(&self) -> anyhow::Result<Option<String>> {
        let namespace = self.context()?.and_then(|(_, _, context)| context.namespace);
        Ok(namespace.filter(|namespace| !namespace.is_empty()))
    }

    /// The current context, with the file that it is in and its name; none where it is not set.
    fn context(&self) -> anyhow::Result<Option<(&Path, &str, Context)>> {
        let current = self.read.iter().find_map(|(path, file)| {
            super::filled(file.current_context.as_ref()).map(|name| (path, name))
        });
        let Some((current_at, name)) = current else { return Ok(None) };
        let context = self.find(|file| {
            let named = file.contexts.iter().find(|context| context.name == name);
            named.map(|named| named.context.clone().unwrap_or_default())
        });
        let (at, context) = context.with_context(|| {
            format!(
                "{}: current-context {name:?}: there is no such context in {}: {REMEDY}",
                at(current_at),
                self.list
            )
        })?;
        Ok(Some((at, name, context)))
    }

    fn cluster(
        &self,
        from: &Path,
        name: &str,
        context: &Context,
    ) -> anyhow::Result<Entry<Cluster>> {
        let wanted = &context.cluster;
        ensure!(!wanted.is_empty(), "{}: context {name:?}: names no cluster: {REMEDY}", at(from));
        let found = self.find(|file| {
            let named = file.clusters.iter().find(|cluster| cluster.name == *wanted);
            named.map(|named| named.cluster.clone().unwrap_or_default())
        });
        let (path, value) = found.with_context(|| {
            format!(
                "{}: context {name:?}: its cluster {wanted:?} is not in {}: {REMEDY}",
                at(from),
                self.list
            )
        })?;
        Ok(Entry { name: wanted.clone(), at: at(path), value })
    }

    /// kubectl takes a user that is not there, and one that is not named, as nobody.
    fn user(&self, from: &Path, context: &Context, notes: &mut Vec<String>) -> Entry<AuthInfo> {
        let wanted = context.user.clone().unwrap_or_default();
        let found = self.find(|file| {
            let named = file.auth_infos.iter().find(|user| user.name == wanted);
            named.map(|named| named.auth_info.clone().unwrap_or_default())
        });
        if found.is_none() && !wanted.is_empty() {
            notes.push(format!(
                "{}: the context's user {wanted:?} is not in {}, so requests are anonymous",
                at(from),
                self.list
            ));
        }
        let (path, value) = found.unwrap_or_else(|| (from, AuthInfo::default()));
        Entry { name: wanted, at: at(path), value }
    }

    fn find<T>(&self, pick: impl Fn(&Kubeconfig) -> Option<T>) -> Option<(&Path, T)> {
        self.read.iter().find_map(|(path, file)| Some((path.as_path(), pick(file)?)))
    }

    /// The fields that nobody knows, of what is used: a slip of the pen is easily overlooked.
    fn unknown_fields(
        &self,
        cluster: &Entry<Cluster>,
        user: &Entry<AuthInfo>,
        context: &str,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        let mut note = |at: &str, of: String, other: &BTreeMap<String, serde_json::Value>| {
            for field in other.keys() {
                notes.push(format!("{at}: {of}: the field {field:?} is unknown and not used"));
            }
        };
        note(&cluster.at, format!("cluster {:?}", cluster.name), &cluster.value.other);
        note(&user.at, format!("user {:?}", user.name), &user.value.other);
        if let Some(exec) = &user.value.exec {
            note(&user.at, format!("user {:?}: exec", user.name), &exec.other);
        }
        for (path, file) in &self.read {
            for named in file.contexts.iter().filter(|named| named.name == context) {
                if let Some(value) = &named.context {
                    note(&at(path), format!("context {context:?}"), &value.other);
                }
            }
        }
        notes
    }
}

/// Reads one file. Paths in it are made relative to its folder.
fn parse(path: &Path) -> anyhow::Result<Kubeconfig> {
    let mut file = Kubeconfig::read_from(path)
        .map_err(|error| anyhow::anyhow!("{}: {}: {REMEDY}", at(path), told(&error)))?;
    forget_empty_paths(&mut file, path);
    for (field, value, wanted) in
        [("kind", &file.kind, "Config"), ("apiVersion", &file.api_version, "v1")]
    {
        if let Some(value) = super::filled(value.as_ref()).filter(|value| *value != wanted) {
            bail!("{}: {field} is {value:?}, not {wanted:?}: {REMEDY}", at(path));
        }
    }
    let lists: [(&str, Vec<&String>); 3] = [
        ("clusters", file.clusters.iter().map(|named| &named.name).collect()),
        ("users", file.auth_infos.iter().map(|named| &named.name).collect()),
        ("contexts", file.contexts.iter().map(|named| &named.name).collect()),
    ];
    for (list, names) in lists {
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.into_iter().find(|name| !seen.insert(*name)) {
            bail!("{}: {list}: the name {twice:?} is given twice: {REMEDY}", at(path));
        }
    }
    Ok(file)
}

/// kube makes an empty path the folder of the file.
fn forget_empty_paths(file: &mut Kubeconfig, path: &Path) {
    let folder = path.parent().map(|folder| folder.join(""));
    let forget = |field: &mut Option<String>| {
        if field.as_deref().map(OsStr::new) == folder.as_ref().map(|folder| folder.as_os_str()) {
            *field = None;
        }
    };
    for cluster in file.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        forget(&mut cluster.certificate_authority);
    }
    for user in file.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        for field in [&mut user.client_certificate, &mut user.client_key, &mut user.token_file] {
            forget(field);
        }
    }
}

fn at(path: &Path) -> String {
    format!("kubeconfig {}", path.display())
}

/// What is wrong with a file, in one line and without a piece of it: there are secrets in it.
fn told(error: &KubeconfigError) -> String {
    let KubeconfigError::Parse(broken) = error else {
        return error.to_string();
    };
    let text = broken.without_snippet().to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = match text.find("invalid ").zip(text.find(", expected")) {
        // Between the two the value is shown.
        Some((begin, end)) if begin < end => {
            format!("{}a value of another kind{}", &text[..begin], &text[end..])
        }
        _ => text,
    };
    // What is left in quotes is a value, too; names of fields have other marks.
    let pieces = text.split('"').enumerate();
    let shown = pieces.map(|(index, piece)| if index % 2 == 0 { piece } else { "..." });
    format!("cannot be parsed: {}", shown.collect::<String>())
}
