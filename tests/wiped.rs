//! The key is gone from memory with the last client that had it. A process of its own, whose memory
//! is looked through.
#![cfg(target_os = "linux")]

use std::{fs, os::unix::fs::FileExt};

use pilot_status::Client;
use zeroize::Zeroizing;

/// What the key consists of, with every bit inverted, so that nothing here is found.
const INVERTED: [u8; 40] = *b"\xbe\xbd\xbc\xbb\xba\xb9\xb8\xb7\xb6\xb5\xb4\xb3\xb2\xb1\xb0\xaf\xae\xad\xac\xab\xbe\xbc\xba\xb8\xb6\xb4\xb2\xb0\xae\xac\xab\xad\xaf\xb1\xb3\xb5\xb7\xb9\xbb\xbd";

/// A long key: memory that is freed is soon used again in part, but not in all.
fn key() -> Zeroizing<String> {
    let mut key = Zeroizing::new(String::with_capacity(100 * INVERTED.len()));
    for _ in 0..100 {
        key.extend(INVERTED.iter().map(|b| char::from(!b)));
    }
    key
}

/// How often a part of the key is in the memory of this process.
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
            // What lies across two pieces is found in the second.
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
    assert_eq!(copies(&mut buffer), 0, "before");

    let builder = Client::builder().api_key(&*key()).base_url("http://127.0.0.1:1");
    let client = builder.build().unwrap();
    let clone = client.clone();
    assert!(copies(&mut buffer) > 0, "a client that lives has it");
    drop(client);
    assert!(copies(&mut buffer) > 0, "a clone that lives has it");
    drop(clone);
    assert_eq!(copies(&mut buffer), 0, "after the last clone");

    drop(Client::builder().api_key(&*key()));
    drop(Client::builder().api_key(&*key()).api_key_id("other").build());
    assert_eq!(copies(&mut buffer), 0, "after a builder that made no client");
}
