//! A hyper server on loopback, in a thread or in a separate process.

use std::{
    convert::Infallible,
    env,
    error::Error,
    io::{self, BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, ChildStdin, Command, Stdio},
    sync::LazyLock,
    thread,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

use crate::Outcome;

/// The documented example of a number, as a body.
pub(crate) static EXAMPLE: LazyLock<Bytes> = LazyLock::new(|| {
    let spec: serde_json::Value =
        serde_json::from_str(include_str!("../../openapi.json")).expect("JSON");
    let content = &spec["paths"]["/v1/numbers/{id}"]["get"]["responses"]["200"]["content"];
    content["application/json"]["example"].to_string().into()
});

/// Starts a thread that responds to every request with the example. Returns the URL.
pub(crate) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || serve(listener));
    Ok(url)
}

fn number() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::clone(&EXAMPLE)));
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}

fn serve(listener: TcpListener) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let service = service_fn(|_| async { Ok::<_, Infallible>(number()) });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that hangs up ends only its connection.
            tokio::spawn(async { connection.await.ok() });
        }
    })
}

/// A server in another process, which ends when this is dropped.
pub(crate) struct Process {
    pub(crate) url: String,
    child: Child,
    open: Option<ChildStdin>,
}

impl Process {
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut url = String::new();
        let stdout = child.stdout.take().ok_or("no output of the server")?;
        BufReader::new(stdout).read_line(&mut url)?;
        Ok(Self { url: url.trim().to_owned(), open: child.stdin.take(), child })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.open.take());
        if let Err(e) = self.child.wait() {
            eprintln!("the server's process: {e}");
        }
    }
}

/// Runs the server in this process: prints its URL, and serves until standard input is closed.
pub(crate) fn serve_until_closed() -> Outcome {
    println!("{}", start()?);
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
