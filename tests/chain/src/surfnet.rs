//! The embedded Surfnet: a whole node in this process, offline.

use std::{thread, time::Duration};

use serde_json::{Value, json};
use solana_client::{nonblocking::rpc_client::RpcClient, rpc_request::RpcRequest};
use solana_keypair::Keypair;
use solana_signer::Signer;
use surfpool_sdk::{BlockProductionMode, SimnetCommand};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use crate::{ChainError, Options, Program, ports};

/// What a start takes at most; usually it is a third of a second.
const START: Duration = Duration::from_secs(10);
const ATTEMPTS: usize = 3;
const SLOT: Duration = Duration::from_millis(400);
/// More than any test spends; the node itself holds twice as much to give away.
const PAYER_LAMPORTS: u64 = 500_000_000_000_000;

pub(crate) struct Surfnet {
    /// Taken out when stopped.
    node: Option<surfpool_sdk::Surfnet>,
    forwards: Vec<JoinHandle<()>>,
}

impl Surfnet {
    /// Also gives the addresses of RPC and websocket.
    pub(crate) async fn start(
        options: &Options,
        payer: &Keypair,
    ) -> Result<(Self, String, String), ChainError> {
        let wanted = match options.rpc_port {
            Some(rpc) => Some((rpc, ports::require_pair(rpc)?)),
            None => None,
        };
        let node = start_node(options.slot_time.unwrap_or(SLOT), payer).await?;
        deploy(node.rpc_url(), &options.programs, payer).await?;

        let mut surfnet = Self { node: None, forwards: Vec::new() };
        let mut addresses = [node.rpc_url().to_owned(), node.ws_url().to_owned()];
        surfnet.node = Some(node);
        // The node chooses its own ports; the wanted ones lead there.
        if let Some((rpc, websocket)) = wanted {
            for (address, port) in addresses.iter_mut().zip([rpc, websocket]) {
                surfnet.forwards.push(ports::forward(port, port_of(address)?)?);
                let scheme = address.split("://").next().unwrap_or_default();
                *address = format!("{scheme}://127.0.0.1:{port}");
            }
        }
        let [rpc, websocket] = addresses;
        Ok((surfnet, rpc, websocket))
    }

    pub(crate) async fn stop(mut self) -> Result<(), ChainError> {
        match self.node.take() {
            // Stopping waits for the node's threads.
            Some(mut node) => tokio::task::spawn_blocking(move || node.stop())
                .await
                .map_err(|error| ChainError::Surfnet(error.to_string()))?
                .map_err(|error| ChainError::Surfnet(error.to_string())),
            None => Ok(()),
        }
    }
}

impl Drop for Surfnet {
    fn drop(&mut self) {
        for forward in &self.forwards {
            forward.abort();
        }
    }
}

/// The node picks free ports and opens them a moment later. When another program was quicker, it never
/// reports back; so a start has a deadline, and another try finds other ports.
async fn start_node(slot: Duration, payer: &Keypair) -> Result<surfpool_sdk::Surfnet, ChainError> {
    let mut last = ChainError::NotReady {
        node: "surfnet",
        after: START,
        log: "it never reported back: another program may have taken its port".into(),
    };
    for _ in 0..ATTEMPTS {
        match timeout(START, start_thread(slot, payer.insecure_clone())).await {
            Ok(Ok(Ok(node))) => return without_profiling(node),
            Ok(Ok(Err(error))) => last = ChainError::Surfnet(error),
            Ok(Err(_)) => last = ChainError::Surfnet("its thread ended while starting".into()),
            Err(_) => {}
        }
    }
    Err(last)
}

/// A Surfnet runs each transaction once more for each of its instructions, to profile them, which doubles what
/// it takes at least. It does so except while a runbook is under way, and the SDK has no other switch.
fn without_profiling(node: surfpool_sdk::Surfnet) -> Result<surfpool_sdk::Surfnet, ChainError> {
    let runbook = SimnetCommand::StartRunbookExecution("no profiling".into());
    node.send_command(runbook).map_err(|error| ChainError::Surfnet(error.to_string()))?;
    Ok(node)
}

/// The SDK blocks its thread while it starts, so it gets one of its own, with a runtime that allows that.
fn start_thread(slot: Duration, payer: Keypair) -> oneshot::Receiver<Result<surfpool_sdk::Surfnet, String>> {
    let (done, result) = oneshot::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let started = match runtime {
            Ok(runtime) => runtime.block_on(
                surfpool_sdk::Surfnet::builder()
                    .offline(true)
                    .block_production_mode(BlockProductionMode::Clock)
                    .slot_time_ms(u64::try_from(slot.as_millis()).unwrap_or(u64::MAX))
                    .airdrop_sol(PAYER_LAMPORTS)
                    .payer(payer)
                    .start(),
            ),
            Err(error) => Err(surfpool_sdk::SurfnetError::Startup(error.to_string())),
        };
        // Nobody listens any more when the deadline has passed: the node then ends as it is dropped.
        let _ = done.send(started.map_err(|error| error.to_string()));
    });
    result
}

/// Writes each program at its address. The SDK's own way knows no upgrade authority.
async fn deploy(rpc_url: &str, programs: &[Program], payer: &Keypair) -> Result<(), ChainError> {
    let rpc = RpcClient::new(rpc_url.to_owned());
    for program in programs {
        let bytes = std::fs::read(&program.file)
            .map_err(|source| ChainError::File { path: program.file.clone(), source })?;
        let authority = program.upgrade_authority.unwrap_or(payer.pubkey());
        let method = RpcRequest::Custom { method: "surfnet_writeProgram" };
        let params = json!([program.address.to_string(), hex(&bytes), 0, authority.to_string()]);
        rpc.send::<Value>(method, params).await?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

fn port_of(address: &str) -> Result<u16, ChainError> {
    address
        .rsplit(':')
        .next()
        .and_then(|port| port.trim_end_matches('/').parse().ok())
        .ok_or_else(|| ChainError::Surfnet(format!("its address {address} has no port")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_as_hex() {
        assert_eq!(hex(&[0x00, 0x7f, 0xab]), "007fab");
    }

    #[test]
    fn the_port_ends_an_address() {
        assert_eq!(port_of("http://127.0.0.1:8899").expect("a port"), 8899);
        assert!(port_of("http://localhost").is_err());
    }
}
