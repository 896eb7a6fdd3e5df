//! A server that does what no server should, scripted by the request.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// Serves until it is dropped.
pub struct Hostile {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What a client did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Connections that it took.
    pub connections: usize,
    /// Requests, and connections that were not let to bring one.
    pub attempts: usize,
    /// What was sent of answers, read or not.
    pub bytes: u64,
    /// Scripts begun.
    pub scripts: usize,
}

/// One thing that the server does on a connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads a request; where a connection begins with another step, none is waited for.
    Read,
    /// Waits until there is something to read.
    Await,
    /// Sends this.
    Send(Vec<u8>),
    /// Sends this so many times.
    Repeat(Vec<u8>, usize),
    /// Sends this byte by byte, with a pause after each.
    Dribble(Vec<u8>, Duration),
    /// Does nothing until the client hangs up.
    Hang,
    /// Ends the connection with a reset rather than in order.
    Reset,
    /// Ends the connection in order.
    Close,
}

/// What happens on a connection; without `Close` or `Reset` at its end the next script follows.
pub type Script = Vec<Step>;

impl Hostile {
    /// Starts one; `script` gets how many scripts were begun before, on this or any other
    /// connection, and the path that is requested, which is empty where none was read.
    pub fn start(
        script: impl Fn(usize, &str) -> Script + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Connections inherit it: little is sent that nobody reads.
        socket.set_send_buffer_size(16 * 1024)?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = socket.listen(1024)?;
        let address = listener.local_addr()?;
        let seen = Arc::<Mutex<Seen>>::default();
        let counts = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let script = Arc::new(script);
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counts.lock().unwrap().connections += 1;
                // Those that have ended take memory until then.
                while connections.try_join_next().is_some() {}
                let (counts, script) = (Arc::clone(&counts), Arc::clone(&script));
                // A connection that breaks is what this is for.
                connections.spawn(async move { serve(stream, &counts, &*script).await.ok() });
            }
        });
        Ok(Self { address, seen, task })
    }

    /// What clients did so far.
    pub fn seen(&self) -> Seen {
        *self.seen.lock().unwrap()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Seen>,
    script: &(impl Fn(usize, &str) -> Script + Sync),
) -> io::Result<()> {
    let mut is_new = true;
    loop {
        let next = |path: &str| script(seen.lock().unwrap().scripts, path);
        let mut steps = next("");
        let reads = matches!(steps.first(), Some(Step::Read));
        if reads {
            let Some(path) = read_request(&mut stream).await? else {
                return Ok(());
            };
            // Others may have gone on while this connection waited.
            steps = next(&path);
        }
        {
            let mut seen = seen.lock().unwrap();
            seen.scripts += 1;
            seen.attempts += usize::from(reads || is_new);
        }
        for step in steps.into_iter().skip(usize::from(reads)) {
            if !run(step, &mut stream, seen).await? {
                return Ok(());
            }
        }
        is_new = false;
    }
}

/// Does one thing; `false` at the end of the connection.
async fn run(step: Step, stream: &mut TcpStream, seen: &Mutex<Seen>) -> io::Result<bool> {
    match step {
        Step::Read => return Ok(read_request(stream).await?.is_some()),
        Step::Await => drop(stream.peek(&mut [0]).await?),
        Step::Send(bytes) => send(stream, seen, &bytes).await?,
        Step::Repeat(bytes, times) => {
            for _ in 0..times {
                send(stream, seen, &bytes).await?;
            }
        }
        Step::Dribble(bytes, pause) => {
            for byte in bytes {
                send(stream, seen, &[byte]).await?;
                sleep(pause).await;
            }
        }
        Step::Hang => {
            while stream.read(&mut [0; 1024]).await? > 0 {}
            return Ok(false);
        }
        Step::Close => {
            stream.shutdown().await?;
            return Ok(false);
        }
        Step::Reset => {
            stream.set_zero_linger()?;
            return Ok(false);
        }
    }
    Ok(true)
}

async fn send(stream: &mut TcpStream, seen: &Mutex<Seen>, bytes: &[u8]) -> io::Result<()> {
    // Before it is sent, since the client may be done before this goes on.
    seen.lock().unwrap().bytes += bytes.len() as u64;
    stream.write_all(bytes).await
}

/// Reads one request without a body, and gives its path; `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    // One byte at a time, so that none of a following request is taken.
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(e),
        }
    }
    let head = String::from_utf8_lossy(&head);
    Ok(Some(head.split(' ').nth(1).unwrap_or_default().to_owned()))
}
