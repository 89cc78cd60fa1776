//! Ports of 127.0.0.1: free ones to choose from, and a plain answer when a wanted one is taken.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener, UdpSocket},
    sync::atomic::{AtomicU16, Ordering},
};

use tokio::task::JoinHandle;

use crate::ChainError;

/// Below where systems hand out ports for outgoing connections, so that none of those takes one of ours.
const FROM: u16 = 18_000;
const TO: u16 = 32_000;

/// The websocket port that belongs to an RPC port, once both are known to be free.
pub(crate) fn require_pair(rpc: u16) -> Result<u16, ChainError> {
    let websocket = rpc.checked_add(1).ok_or_else(|| ChainError::Port {
        port: rpc,
        source: std::io::Error::new(ErrorKind::InvalidInput, "the websocket needs the next port"),
    })?;
    listen(rpc)?;
    listen(websocket)?;
    Ok(websocket)
}

/// The first of `count` ports in a row that are free for TCP and UDP.
///
/// Another process may take one before the node does, so each process starts to look elsewhere and none
/// looks at the same ports twice.
pub(crate) fn free_run(count: u16) -> Result<u16, ChainError> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let runs = (TO - FROM) / count;
    let start = u16::try_from(std::process::id() % u32::from(runs)).unwrap_or(0);
    for _ in 0..runs {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed) % runs;
        let first = FROM + (start + turn) % runs * count;
        if (first..first + count).all(is_free) {
            return Ok(first);
        }
    }
    Err(ChainError::NoFreePorts { wanted: count, from: FROM, to: TO })
}

fn is_free(port: u16) -> bool {
    listen(port).is_ok() && UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn listen(port: u16) -> Result<TcpListener, ChainError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => ChainError::PortInUse { port },
        _ => ChainError::Port { port, source },
    })
}

/// Makes what listens on `to` reachable on `port` as well, until the task is aborted.
pub(crate) fn forward(port: u16, to: u16) -> Result<JoinHandle<()>, ChainError> {
    let failed = |source| ChainError::Port { port, source };
    let listener = listen(port)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
    Ok(tokio::spawn(async move {
        // A connection that breaks is its two ends' affair.
        while let Ok((mut from, _)) = listener.accept().await {
            tokio::spawn(async move {
                let to = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, to));
                if let Ok(mut to) = to.await {
                    let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                }
            });
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("any port");
        let port = taken.local_addr().expect("bound").port();
        let error = require_pair(port).expect_err("it is taken");
        assert!(matches!(error, ChainError::PortInUse { port: named } if named == port));
        assert!(error.to_string().contains(&port.to_string()));
    }

    #[test]
    fn runs_are_free_and_do_not_overlap() {
        let first = free_run(40).expect("free ports");
        let second = free_run(40).expect("free ports");
        assert!((first..first + 40).all(is_free));
        assert!(first.abs_diff(second) >= 40);
    }
}
