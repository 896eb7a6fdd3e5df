//! Who the key is shown to: TLS handshakes, proxies. Real ones, over loopback.
#![cfg(feature = "rustls")]

mod authority;
mod handshakes;
mod proxies;
mod servers;

const KEY: &str = "ps_live_0123456789abcdef";
