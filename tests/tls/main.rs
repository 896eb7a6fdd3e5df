//! Exposure of the key to TLS servers and proxies, tested with real handshakes over loopback.

mod authority;
mod handshakes;
mod proxies;
mod servers;
mod store;
