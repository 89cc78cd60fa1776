//! An endpoint before the chain's own: it takes so many transactions, and is gone.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Its address. `chain` is that of the chain's endpoint.
pub(crate) async fn endpoint(chain: &str, transactions: usize) -> io::Result<String> {
    let upstream = chain.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let left = Arc::new(AtomicUsize::new(transactions));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (upstream, left) = (upstream.clone(), Arc::clone(&left));
            // whoever hangs up is heard no more
            tokio::spawn(async move { serve(client, &upstream, &left).await.ok() });
        }
    });
    Ok(address)
}

/// Passes requests on and answers back, until one that it takes no more.
async fn serve(client: TcpStream, upstream: &str, left: &AtomicUsize) -> io::Result<()> {
    let (mut client, mut chain) =
        (BufReader::new(client), BufReader::new(TcpStream::connect(upstream).await?));
    while let Some(request) = message(&mut client).await? {
        let is_sent = String::from_utf8_lossy(&request).contains("\"sendTransaction\"");
        let take = |left: usize| left.checked_sub(usize::from(is_sent));
        if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            return Ok(());
        }
        chain.write_all(&request).await?;
        let Some(answer) = message(&mut chain).await? else { return Ok(()) };
        client.write_all(&answer).await?;
    }
    Ok(())
}

/// A request or an answer, head and body; none where no more comes.
async fn message(from: &mut BufReader<TcpStream>) -> io::Result<Option<Vec<u8>>> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(line.as_bytes());
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).await?;
    bytes.extend_from_slice(&body);
    Ok(Some(bytes))
}
