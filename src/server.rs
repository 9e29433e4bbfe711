//! Builds the house bottom-up and drains it top-down.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cluster::{Bus, Local};
use crate::config::Config;
use crate::gateway::{Counts, Quota, Services};
use crate::identity::{DevKey, DevKeyError, Issuer, NoKeys, Principals, Verifier};
use crate::log::{self, Log};
use crate::net::{self, App, Origins, Patience, Places, Tls, TlsError};
use crate::room::{Hall, OpenFault, Parts};
use crate::seal::{KeyError, Keyring};
use crate::telemetry::Metrics;

/// Why a node did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("failed to listen on {listen}: {source}{}", hint(source))]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Reachable from other machines, without anything that would protect the talk.
    #[error(
        "refusing to listen on {0}: other machines could reach it without TLS. Listen on 127.0.0.1, set server.tls_cert and server.tls_key, or put a proxy that ends TLS in front and set server.trusted_proxy = true"
    )]
    Exposed(SocketAddr),
    /// The certificate is not at hand.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The keys are not at hand.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The token key is not at hand.
    #[error(transparent)]
    TokenKey(#[from] DevKeyError),
    /// The keys of an issuer are not at hand.
    #[error("{0}\n  put its public keys there as a JSON Web Key Set; nothing was started")]
    IssuerKeys(#[from] NoKeys),
    /// No token of anybody would count.
    #[error(
        "nobody could sign in: auth.development is false and there is no [[auth.issuer]]. Name an identity provider, or set auth.development = true to try things out"
    )]
    NoIssuer,
    /// The log does not open.
    #[error(transparent)]
    Log(#[from] log::OpenError),
    /// A system log does not fold.
    #[error("failed to open the node's own logs: {0}; `wardroom log verify` tells more")]
    Hall(#[from] OpenFault),
    /// The data directory cannot be made.
    #[error("failed to create the data directory {}: {source}", path.display())]
    Data {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It served, and then could keep nothing more.
    #[error(
        "{0}: the node drained and ended. What was acknowledged is kept; look at the disk, then start it again"
    )]
    Failed(#[from] log::Failure),
    /// A thread of the runtime failed.
    #[error("a part of the node stopped by a bug while it was starting")]
    Bug,
}

fn hint(source: &std::io::Error) -> &'static str {
    if source.kind() == std::io::ErrorKind::AddrInUse {
        "; another program has it, perhaps another Wardroom. Use --listen 127.0.0.1:0 for a free port"
    } else {
        ""
    }
}

/// A node that serves.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The page.
    pub url: String,
    /// The socket.
    pub socket: String,
    /// How opening the log went; `None` for an ephemeral node.
    pub recovery: Option<Arc<log::Recovery>>,
}

/// Serves until `shutdown` completes or the log fails for good, then drains. `ready` is called once the node serves; `reload`
/// is notified when files that may change meanwhile are to be read again.
pub async fn run(
    config: Config,
    ready: impl FnOnce(&Ready),
    reload: Arc<Notify>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServerError> {
    let listen = config.server.listen;
    if !listen.ip().is_loopback() && !config.server.trusted_proxy && config.server.tls().is_none() {
        return Err(ServerError::Exposed(listen));
    }
    let tls =
        config.server.tls().map(|(cert, key)| Tls::load(cert, key)).transpose()?.map(Arc::new);
    let refused = |source| ServerError::Listen { listen, source };
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;

    let metrics = Metrics::of_this_process();
    let ground = Ground::open(&config).await?;
    let tasks = TaskTracker::new();
    let (stop_rooms, stop_accepting) = (CancellationToken::new(), CancellationToken::new());
    let bus = Bus::Local(Local);
    let rooms = TaskTracker::new();
    let parts = Parts {
        log: ground.log.clone(),
        keys: Arc::clone(&ground.keys),
        bus: bus.clone(),
        floors: ground.floors(),
        tasks: rooms.clone(),
        stop: stop_rooms.clone(),
        idle: Duration::from_secs(config.limits.idle_room_seconds),
    };
    let hall = Hall::open(parts).await?;
    let (draining, drain) = watch::channel(None);
    let services = Arc::new(Services {
        principals: Principals::new(hall.identity().clone(), Arc::clone(&ground.keys)),
        hall,
        log: ground.log.clone(),
        keys: ground.keys,
        bus,
        verifier: ground.verifier,
        quota: Quota::new(config.limits.messages_per_second, config.limits.burst),
        counts: Counts::default(),
        limits: config.limits.clone(),
        node: config.node.clone(),
        drain,
    });
    let (scheme, socket_scheme) = if tls.is_some() { ("https", "wss") } else { ("http", "ws") };
    let sockets = config.server.max_connections.saturating_add(config.server.max_handshakes);
    let app = Arc::new(App {
        services: Arc::clone(&services),
        origins: Origins::new(scheme, address, &config.server.allowed_origins),
        metrics,
        tasks: tasks.clone(),
        places: Arc::new(Places::new(&config.server, net::for_sockets(sockets))),
        tls: tls.clone(),
        trusted_proxy: config.server.trusted_proxy,
    });
    let patience = Patience {
        headers: Duration::from_secs(config.limits.header_seconds),
        life: Duration::from_secs(config.limits.write_timeout_seconds),
    };
    let router = net::router(Arc::clone(&app));
    let accepting =
        tokio::spawn(net::serve(listener, router, app, patience, stop_accepting.clone()));
    let tidying =
        tokio::spawn(tidy(Arc::clone(&services), tls.clone(), reload, stop_accepting.clone()));

    tracing::info!(node = config.node, listen = %address, "serving");
    ready(&Ready {
        url: format!("{scheme}://{address}"),
        socket: format!("{socket_scheme}://{address}{}", wardroom_protocol::SOCKET_PATH),
        recovery: ground.recovery,
    });
    let house = House {
        draining,
        stop_accepting,
        accepting,
        tidying,
        tasks,
        services,
        stop_rooms,
        rooms,
        log: ground.log.clone(),
        within: Duration::from_secs(config.server.drain_seconds),
    };
    house.until(shutdown).await
}

/// How long the last notes to mailboxes may take when the node drains.
const NOTES_WITHIN: Duration = Duration::from_secs(5);

/// What a node that serves consists of, for its end.
struct House {
    draining: watch::Sender<Option<Duration>>,
    stop_accepting: CancellationToken,
    accepting: JoinHandle<()>,
    tidying: JoinHandle<()>,
    tasks: TaskTracker,
    services: Arc<Services>,
    stop_rooms: CancellationToken,
    rooms: TaskTracker,
    log: Log,
    /// How long connections may take.
    within: Duration,
}

impl House {
    /// Serves until it is asked to stop or the log fails for good, then drains.
    async fn until(self, shutdown: impl Future<Output = ()>) -> Result<(), ServerError> {
        let log = self.log.clone();
        let mut shutdown = pin!(shutdown);
        let failed = tokio::select! {
            () = &mut shutdown => false,
            failure = self.log.failed() => {
                tracing::error!(reason = %failure, "nothing new can be kept: this node drains and ends");
                true
            }
        };
        // Whoever asks for the end of a node that drains by itself is heard as well.
        let asked = async {
            if failed {
                shutdown.await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = self.drain() => {}
            () = asked => {}
        }
        // It may have failed while it drained.
        log.failure().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Top-down: no new connections, those there told to come back elsewhere, then the rooms finish
    /// what was asked, then the log.
    async fn drain(self) {
        let Self { tasks, rooms, within, .. } = self;
        tracing::info!("draining");
        self.draining.send_replace(Some(within));
        self.stop_accepting.cancel();
        let _ = tokio::join!(self.accepting, self.tidying);
        tasks.close();
        // Twice the promise: what is left then is a task that does not end, and must not hold us.
        if tokio::time::timeout(within * 2 + Duration::from_secs(5), tasks.wait()).await.is_err() {
            tracing::warn!(left = tasks.len(), "connections did not end in time");
        }
        // What was written is told, unless nothing can be kept any more.
        let told = tokio::time::timeout(NOTES_WITHIN, self.services.hall.finish_notes());
        tokio::select! {
            told = told => if told.is_err() {
                tracing::warn!("not all notes were filed in time; the next start files the rest");
            },
            _ = self.log.failed() => {}
        }
        drop(self.services);
        self.stop_rooms.cancel();
        rooms.close();
        if tokio::time::timeout(Duration::from_secs(5), rooms.wait()).await.is_err() {
            tracing::warn!(left = rooms.len(), "rooms did not end in time");
        }
        self.log.close().await;
        tracing::info!("stopped");
    }
}

/// Forgets what is not in use any more, now and then, and reads again what may have changed.
async fn tidy(
    services: Arc<Services>,
    tls: Option<Arc<Tls>>,
    reload: Arc<Notify>,
    stop: CancellationToken,
) {
    let mut every = tokio::time::interval(Duration::from_mins(1));
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => false,
            () = reload.notified() => true,
        };
        services.quota.tidy();
        // Keys that an issuer has withdrawn end here, also when no new one is asked for.
        let (verifier, tls) = (services.verifier.clone(), tls.clone().filter(|_| asked));
        let looked = tokio::task::spawn_blocking(move || {
            verifier.look();
            if let Some(tls) = tls {
                renew(&tls);
            }
        });
        if looked.await.is_err() {
            tracing::error!("reading keys and certificates again ended by a bug");
        }
    }
}

fn renew(tls: &Tls) {
    match tls.reload() {
        Ok(()) => tracing::info!("read the certificate again; new connections get it"),
        Err(error) => {
            tracing::error!(error = %error, "the certificate in force stays");
        }
    }
}

/// Whose tokens count: the issuers of the configuration, and the development key unless it is off.
fn verifier(config: &Config) -> Result<Verifier, ServerError> {
    let auth = &config.auth;
    let published = auth.issuers.iter().map(Issuer::published);
    let mut issuers = published.collect::<Result<Vec<_>, _>>()?;
    if auth.development {
        let key = DevKey::open_or_create(&config.data.join("keys"))?;
        issuers.push(key.issuer(&auth.development_issuer));
    }
    if issuers.is_empty() {
        return Err(ServerError::NoIssuer);
    }
    Ok(Verifier::new(issuers))
}

/// What the house stands on: keys and log.
struct Ground {
    log: Log,
    keys: Arc<Keyring>,
    verifier: Verifier,
    recovery: Option<Arc<log::Recovery>>,
}

impl Ground {
    async fn open(config: &Config) -> Result<Self, ServerError> {
        if config.ephemeral {
            // The token key lasts even so, where there is a place for it: tokens made beforehand work.
            let verifier = verifier(config)?;
            return Ok(Self {
                log: Log::ephemeral(),
                keys: Arc::new(Keyring::ephemeral()),
                verifier,
                recovery: None,
            });
        }
        let config = config.clone();
        tokio::task::spawn_blocking(move || Self::on_disk(&config))
            .await
            .map_err(|_| ServerError::Bug)?
    }

    fn on_disk(config: &Config) -> Result<Self, ServerError> {
        let data = &config.data;
        std::fs::create_dir_all(data)
            .map_err(|source| ServerError::Data { path: data.clone(), source })?;
        let new = !data.join("journal").exists();
        let keys = data.join("keys");
        let verifier = verifier(config)?;
        let ring = Keyring::open(&keys, config.keys.wrapping_file.as_deref(), new)?;
        let options = log::Options {
            segment_bytes: config.log.segment_mib << 20,
            cache_bytes: config.log.cache_mib << 20,
            rebuild_after: Duration::from_secs(config.log.rebuild_hours * 3600),
            archive: config.log.archive.clone(),
            scrub_entries: usize::try_from(config.log.scrub_entries).unwrap_or(usize::MAX),
            keep_segments: usize::try_from(config.log.keep_segments).unwrap_or(usize::MAX),
            min_free_bytes: config.log.min_free_mib << 20,
            ..log::Options::default()
        };
        let (log, recovery) = Log::open(data, options)?;
        for finding in &recovery.findings {
            tracing::warn!(finding = %finding, "found while opening the log");
        }
        Ok(Self { log, keys: Arc::new(ring), verifier, recovery: Some(Arc::new(recovery)) })
    }

    fn floors(&self) -> Arc<log::Floors> {
        let Some(recovery) = &self.recovery else { return Arc::default() };
        if recovery.tail_lost {
            tracing::error!("entries are lost and nobody can say whose: every log opens an epoch");
        }
        Arc::new(recovery.floors.clone())
    }
}
