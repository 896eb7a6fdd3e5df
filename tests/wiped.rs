//! The key is wiped from memory with the last client that holds it. A separate test binary, because
//! it searches the memory of the whole process.
#![cfg(target_os = "linux")]

use std::{fs, os::unix::fs::FileExt};

use pilot_status::Client;
use zeroize::Zeroizing;

/// The repeated part of the key, with every bit inverted so that the search does not find this
/// constant.
const INVERTED: [u8; 40] = *b"\xbe\xbd\xbc\xbb\xba\xb9\xb8\xb7\xb6\xb5\xb4\xb3\xb2\xb1\xb0\xaf\xae\xad\xac\xab\xbe\xbc\xba\xb8\xb6\xb4\xb2\xb0\xae\xac\xab\xad\xaf\xb1\xb3\xb5\xb7\xb9\xbb\xbd";

/// Returns a long key: freed memory is soon reused in part, but rarely as a whole.
fn key() -> Zeroizing<String> {
    let mut key = Zeroizing::new(String::with_capacity(100 * INVERTED.len()));
    for _ in 0..100 {
        key.extend(INVERTED.iter().map(|b| char::from(!b)));
    }
    key
}

/// Counts the copies of the key's repeated part in this process's memory.
fn copies(buffer: &mut [u8]) -> usize {
    let needle = &INVERTED;
    let own = buffer.as_ptr().addr()..buffer.as_ptr().addr() + buffer.len();
    let memory = fs::File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut copies = 0;
    for map in maps.lines().filter(|map| map.contains(" rw") && !map.contains("[v")) {
        let (range, _) = map.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let address = |hex| usize::from_str_radix(hex, 16).unwrap();
        let mut at = address(from);
        while at < address(to) {
            let length = buffer.len().min(address(to) - at);
            let read = memory.read_at(&mut buffer[..length], at as u64).unwrap_or(0);
            let found = buffer[..read].windows(needle.len()).enumerate();
            let found = found.filter(|(_, w)| w.iter().zip(needle).all(|(a, b)| *a == !b));
            copies += found.filter(|(n, _)| !own.contains(&(at + n))).count();
            // Overlap the pieces, so that a copy across their border is found.
            at += if length > needle.len() { length - needle.len() + 1 } else { length };
            if length < buffer.len() {
                break;
            }
        }
    }
    copies
}

#[test]
fn dropped_client_leaves_no_key_in_memory() {
    let mut buffer = vec![0; 1 << 20];
    assert_eq!(copies(&mut buffer), 0, "before a client exists");

    let builder = Client::builder().api_key(&*key()).base_url("http://127.0.0.1:1");
    let client = builder.build().unwrap();
    let clone = client.clone();
    assert!(copies(&mut buffer) > 0, "a live client holds the key");
    drop(client);
    assert!(copies(&mut buffer) > 0, "a live clone holds the key");
    drop(clone);
    assert_eq!(copies(&mut buffer), 0, "after the last clone is dropped");

    drop(Client::builder().api_key(&*key()));
    drop(Client::builder().api_key(&*key()).api_key_id("other").build());
    assert_eq!(copies(&mut buffer), 0, "after a builder is dropped without a client");
}
