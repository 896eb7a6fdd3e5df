//! Who the key is shown to: TLS handshakes, proxies. Real ones, over loopback.

mod authority;
mod handshakes;
mod proxies;
mod servers;
mod store;
