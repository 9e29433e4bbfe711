//! A node in the test's own process: for tests that put a disk of their own under it.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wardroom::config::Config;
use wardroom::server::{self, ServerError};

use super::World;

/// A running server on small segments.
pub(crate) struct NodeHere {
    /// `ws://127.0.0.1:PORT/v1/socket`.
    pub(crate) socket: String,
    stop: oneshot::Sender<()>,
    node: JoinHandle<Result<(), ServerError>>,
}

impl NodeHere {
    pub(crate) async fn start(world: &World) -> Self {
        let mut config = Config { data: world.data(), ..Config::default() };
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.server.drain_seconds = 0;
        config.log.segment_mib = 1;
        config.log.cache_mib = 4;
        let (ready, is_ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let node = tokio::spawn(server::run(
            config,
            move |it| ready.send(it.socket.clone()).unwrap(),
            Arc::default(),
            async { drop(stopped.await) },
        ));
        Self { socket: is_ready.await.unwrap(), stop, node }
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(self) {
        self.end().await.unwrap();
    }

    /// The same for a node whose disk has failed: it may have ended by itself, and says why.
    pub(crate) async fn end(self) -> Result<(), ServerError> {
        drop(self.stop);
        self.node.await.unwrap()
    }
}
