//! A hyper server on loopback, in a thread.

use std::{convert::Infallible, io, net::TcpListener, sync::LazyLock, thread};

use http_body_util::Full;
use hyper::{
    Response,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;

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
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
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
