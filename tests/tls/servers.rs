//! Servers that record every received byte.

use std::{
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
};

use support::Log;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    heard: Log,
    task: JoinHandle<()>,
}

pub(crate) const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\n{\"id\":\"1\"}";

impl Server {
    /// Starts a TLS server that records the decrypted bytes.
    pub(crate) async fn tls(config: Arc<ServerConfig>) -> Self {
        let acceptor = TlsAcceptor::from(config);
        Self::start(move |stream, heard| {
            let acceptor = acceptor.clone();
            async move { answer(acceptor.accept(stream).await?, heard, ANSWER).await }
        })
        .await
    }

    /// Starts a server that answers the first bytes of a connection with `bytes`.
    pub(crate) async fn plain(bytes: &'static [u8]) -> Self {
        Self::start(move |stream, heard| async move { answer(stream, heard, bytes).await }).await
    }

    /// Starts a proxy that records and forwards each CONNECT to one address.
    pub(crate) async fn tunnel(to: SocketAddr) -> Self {
        Self::start(move |mut stream, mut heard| async move {
            hear(&mut stream, &mut heard).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            let mut server = TcpStream::connect(to).await?;
            copy_bidirectional(&mut stream, &mut server).await.map(drop)
        })
        .await
    }

    /// Returns the received bytes as text.
    pub(crate) fn heard(&self) -> String {
        self.heard.text()
    }

    async fn start<F>(serve: impl Fn(TcpStream, Log) -> F + Send + 'static) -> Self
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Log::default();
        let ears = heard.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serve(stream, ears.clone());
                // Clients abort handshakes on purpose, so errors are ignored.
                connections.spawn(async move { serving.await.ok() });
            }
        });
        Self { address, heard, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads and records the next bytes; returns false at the end.
async fn hear(stream: &mut (impl AsyncRead + Unpin), heard: &mut Log) -> io::Result<bool> {
    let mut bytes = vec![0; 16 * 1024];
    let length = stream.read(&mut bytes).await?;
    heard.write_all(&bytes[..length])?;
    Ok(length > 0)
}

/// Answers the first bytes and records the others.
async fn answer<S>(mut stream: S, mut heard: Log, bytes: &[u8]) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if hear(&mut stream, &mut heard).await? {
        stream.write_all(bytes).await?;
        stream.flush().await?;
        while hear(&mut stream, &mut heard).await? {}
    }
    Ok(())
}
