//! Serves the figures of a client and of a watch as Prometheus text:
//! `cargo run --example metrics -- [ADDRESS]`, and then `curl http://127.0.0.1:9100/metrics`.
//!
//! It watches the numbers of the key in `PILOT_STATUS_API_KEY`. Without a key it watches a number of a
//! small server on loopback.

mod demo;

use std::{
    env,
    error::Error,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use pilot_status::{Client, FleetTable};

const EVERY: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9100".to_owned());
    let (client, mut watch) = if env::var_os("PILOT_STATUS_API_KEY").is_some() {
        let client = Client::from_env()?;
        let watch = client.watch_all(EVERY);
        (client, watch)
    } else {
        let client = Client::builder().api_key("ps_example").base_url(demo::start()?).build()?;
        let watch = client.numbers(["num_01HZX"]).watch(EVERY);
        (client, watch)
    };
    let table = watch.table();
    let listener = TcpListener::bind(address)?;
    eprintln!("http://{}/metrics", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A scraper that hangs up ends only its own request.
            if let Err(error) = stream.and_then(|stream| answer(stream, &client, &table)) {
                eprintln!("metrics: {error}");
            }
        }
    });
    while let Some(change) = watch.next().await {
        eprintln!("{change}");
    }
    Ok(())
}

fn answer(mut stream: TcpStream, client: &Client, table: &FleetTable) -> io::Result<()> {
    // A scraper that sends nothing does not delay the next one for long.
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    for line in BufReader::new(&stream).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let body = client.stats().to_prometheus() + &table.to_prometheus();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
