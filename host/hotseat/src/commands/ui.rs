//! `hotseat ui`: the elections of a namespace on a page of this machine, with a person's own credentials.

use crate::commands::people::{self, Transfer};
use anyhow::{Context as _, anyhow, bail};
use hotseat_election::{ElectionName, Facts, Future, clock};
use hotseat_fleet::{Request, Requests, Rights, Shared, Site, follow};
use hotseat_http::local::LocalPage;
use hotseat_kubernetes::{Connection, Credentials, Inspector, LockKind, leases_rights};
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The user agent in the API server's audit log.
const AGENT: &str = concat!("hotseat/", env!("CARGO_PKG_VERSION"), " (ui)");
/// How long a transfer that is asked for on the page holds.
const WITHIN: Duration = Duration::from_secs(30);

/// What is shown, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The namespace; none: all.
    pub namespace: Option<String>,
    /// A loopback address.
    pub listen: SocketAddr,
}

/// Shows the page until the process is ended.
///
/// # Errors
///
/// It cannot listen there, there are no credentials, or the Leases cannot be read: which, why, and what to
/// do.
pub fn run(options: &Options, credentials: Credentials) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(show(options, credentials));
    // A credential plugin that hangs holds nothing up.
    runtime.shutdown_background();
    done
}

async fn show(options: &Options, credentials: Credentials) -> anyhow::Result<()> {
    let Options { namespace, listen } = options;
    let page = LocalPage::open(*listen).await;
    let page =
        page.with_context(|| format!("--listen {listen}: the page cannot be shown there"))?;
    let connection = Connection::open(credentials, AGENT).await?;
    let place = match namespace {
        Some(namespace) => format!("namespace {namespace}"),
        None => "all namespaces".to_owned(),
    };
    check(&connection, namespace.as_deref(), &place).await?;
    let shared = Shared::default();
    let mut following =
        std::pin::pin!(follow(connection.clone(), namespace.as_deref(), shared.clone()));
    tokio::select! {
        () = &mut following => bail!("the Leases are followed no longer"),
        looked = shared.first_look() => {
            looked.map_err(|why| anyhow!("the Leases in {place} cannot be read: {why}"))?;
        }
    }
    let requests = Arc::new(ByPerson(connection.clone()));
    let (rights, remedy) = (Rights::new(connection), people::role_for_people);
    let site = Site::new(shared, rights, requests, remedy, &place, page.root());
    writeln!(std::io::stdout(), "the elections in {place}: {}", page.address())?;
    tokio::select! {
        () = following => bail!("the Leases are followed no longer"),
        () = page.serve(move |asked| site.clone().answer(asked)) => Ok(()),
    }
}

/// Whether the Leases may be listed, and the namespace is there: what a list would not say, or say worse.
async fn check(
    connection: &Connection,
    namespace: Option<&str>,
    place: &str,
) -> anyhow::Result<()> {
    let name = ElectionName::new(namespace.unwrap_or_default(), "");
    let facts = Facts::new(name, clock::now);
    let inspector = Inspector::new(connection.clone(), facts, LockKind::Leases);
    let missing = inspector.missing(&leases_rights(namespace)).await;
    let missing = missing.map_err(|why| anyhow!("the Leases in {place} cannot be read: {why}"))?;
    if !missing.is_empty() {
        let verbs: Vec<&str> = missing.iter().map(|right| right.verb).collect();
        let who = inspector.account().await.unwrap_or_else(|| "this account".to_owned());
        let remedy = match namespace {
            Some(namespace) => format!(
                "have somebody bind it to the Role that `hotseat rbac --for ui --election NAME --namespace {namespace}` prints, or give another --namespace"
            ),
            None => "give one --namespace, or have somebody bind it to a ClusterRole with the verbs list and watch on leases of coordination.k8s.io".to_owned(),
        };
        bail!("{who} may not {} leases in {place}: {remedy}", verbs.join(" and "));
    }
    if namespace.is_some() && inspector.has_namespace().await == Some(false) {
        bail!(
            "{place}: there is no such namespace in the cluster: check --namespace, and the context of the kubeconfig"
        );
    }
    Ok(())
}

/// Asks as the commands for people do, over the page's own connection.
struct ByPerson(Connection);

impl Requests for ByPerson {
    fn ask(&self, election: ElectionName, request: Request) -> Future<Result<String, String>> {
        let connection = self.0.clone();
        Box::pin(async move {
            let kind = LockKind::Leases;
            let done = match request {
                Request::Transfer { to, listed } => {
                    let wanted = Transfer { to, within: WITHIN, any_name: listed };
                    people::ask_for_transfer(connection, &election, kind, &wanted).await
                }
                request => {
                    let paused = request == Request::Pause;
                    let done = people::set_pause(connection, &election, kind, paused).await;
                    done.map(|done| done.text().trim_end().to_owned())
                }
            };
            done.map_err(|error| format!("{error:#}"))
        })
    }
}
