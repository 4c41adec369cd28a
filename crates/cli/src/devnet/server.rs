//! The server: HTTP and WebSocket on one port, and the clock that makes blocks.

use std::io;
use std::net::SocketAddr;
use std::sync::{mpsc, Arc};
use std::thread::JoinHandle;
use std::time::Duration;

use alloy_primitives::U64;
use alloy_signer_local::PrivateKeySigner;
use jsonrpsee::server::{
    BatchRequestConfig, IdProvider, PingConfig, RegisterMethodError, Server, ServerConfig, ServerHandle,
};
use jsonrpsee::types::SubscriptionId;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::accounts::{derive, listing, BadPhrase};
use super::genesis;
use super::node::Node;
use super::options::Config;
use super::rpc;
use super::store::StoreError;

/// Bytes of a request, as geth bounds it.
const REQUEST_BYTES: u32 = 5 * 1024 * 1024;
/// Bytes of an answer.
const RESPONSE_BYTES: u32 = 64 * 1024 * 1024;
/// Requests of one batch, as geth bounds it.
const BATCH: u32 = 1_000;
/// Connections at one time.
const CONNECTIONS: u32 = 256;
/// Subscriptions of one connection.
const SUBSCRIPTIONS: u32 = 1_024;
/// Threads that execute at one time; more calls wait.
const WORKERS: usize = 16;

/// Why the node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No accounts.
    #[error(transparent)]
    Phrase(#[from] BadPhrase),
    /// The file of the chain.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The port.
    #[error("cannot listen on {address}: {why}. Name another with --port, or 0 for a free one")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        why: String,
    },
    /// The system gives no threads.
    #[error("cannot start: {0}")]
    Runtime(#[from] io::Error),
    /// Two methods have one name.
    #[error("cannot start: {0}")]
    Methods(#[from] RegisterMethodError),
}

/// A node that serves until it is dropped.
#[derive(Debug)]
pub struct Devnet {
    address: SocketAddr,
    signers: Vec<PrivateKeySigner>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Devnet {
    /// Starts a node in a thread of its own.
    ///
    /// Errors: where the file or the port cannot be used.
    pub fn spawn(config: Config) -> Result<Self, StartError> {
        let signers = derive(&config.mnemonic, config.accounts)?;
        let keys = signers.clone();
        let (stop, stopped) = oneshot::channel();
        let (started, result) = mpsc::channel();
        // Everything in there, so that it can be spawned from where a runtime is running already.
        let thread = std::thread::spawn(move || {
            let outcome = runtime().map_err(StartError::from).and_then(|runtime| {
                let (address, handle) = runtime.block_on(start(&config, &keys))?;
                Ok((runtime, address, handle))
            });
            match outcome {
                Ok((runtime, address, handle)) => {
                    let _ = started.send(Ok(address)); // whoever asked waits below
                    runtime.block_on(async move {
                        let _ = stopped.await; // the other end was dropped: the same
                        shut_down(handle).await;
                    });
                }
                Err(error) => drop(started.send(Err(error))),
            }
        });
        let address = result.recv().map_err(|_| io::Error::other("the thread of the node ended"))??;
        Ok(Self { address, signers, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it answers HTTP.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it answers WebSocket.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The keys of the funded accounts.
    pub fn signers(&self) -> &[PrivateKeySigner] {
        &self.signers
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic in there was printed by it
        }
    }
}

/// Runs a node until the process is interrupted or terminated.
///
/// Errors: where it cannot start.
pub fn run(config: Config, quiet: bool) -> Result<(), StartError> {
    let runtime = runtime()?;
    let signers = derive(&config.mnemonic, config.accounts)?;
    runtime.block_on(async {
        let (address, handle) = start(&config, &signers).await?;
        if !quiet {
            println!("{}", listing(&signers, config.balance));
            if let Some(path) = &config.state {
                println!("State: {}", path.display());
            }
            println!("Listening on http://{address} and ws://{address}");
        }
        interrupted().await;
        shut_down(handle).await;
        Ok(())
    })
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).max_blocking_threads(WORKERS).enable_all().build()
}

async fn start(config: &Config, signers: &[PrivateKeySigner]) -> Result<(SocketAddr, ServerHandle), StartError> {
    let ledger = genesis::ledger(config, signers)?;
    let node = Arc::new(Node::new(ledger, signers.to_vec(), config.gas_cap, config.block_time, config.log));
    let server_config = ServerConfig::builder()
        .max_request_body_size(REQUEST_BYTES)
        .max_response_body_size(RESPONSE_BYTES)
        .max_connections(CONNECTIONS)
        .max_subscriptions_per_connection(SUBSCRIPTIONS)
        .set_batch_request_config(BatchRequestConfig::Limit(BATCH))
        .set_id_provider(HexIds)
        .enable_ws_ping(PingConfig::new())
        .build();
    let wanted = SocketAddr::new(config.host, config.port);
    let refused = |error: io::Error| StartError::Listen { address: wanted, why: error.to_string() };
    let server = Server::builder().set_config(server_config).build(wanted).await.map_err(refused)?;
    let address = server.local_addr().map_err(refused)?;
    let handle = server.start(rpc::module(node.clone())?);
    tokio::spawn(make_blocks(node, handle.clone()));
    Ok((address, handle))
}

/// Makes a block whenever the interval is over, as long as there is one.
async fn make_blocks(node: Arc<Node>, server: ServerHandle) {
    let mut interval = node.interval();
    loop {
        let wait = *interval.borrow_and_update();
        let elapsed = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = elapsed => {
                let node = node.clone();
                if let Ok(Err(failure)) = tokio::task::spawn_blocking(move || node.mine(1, None)).await {
                    eprintln!("no block was made: {failure}");
                }
            }
            changed = interval.changed() => if changed.is_err() { return },
            () = server.clone().stopped() => return,
        }
    }
}

async fn shut_down(handle: ServerHandle) {
    let _ = handle.stop(); // an error says that it has stopped before
                           // Connections that are kept open do not hold the process.
    let _ = tokio::time::timeout(Duration::from_secs(2), handle.stopped()).await;
}

async fn interrupted() {
    use tokio::signal::unix::{signal, SignalKind};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

/// Numbers of subscriptions in hex, as clients of Ethereum expect them.
#[derive(Debug)]
struct HexIds;

impl IdProvider for HexIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(1);
        SubscriptionId::Str(format!("{:#x}", U64::from(NEXT.fetch_add(1, Ordering::Relaxed))).into())
    }
}
