//! Texts that nobody thought of, for unit tests: random pieces in a row.

use fastrand::Rng;

/// Runs a test on many seeds; the one that fails is printed.
pub(crate) fn for_many_seeds(test: impl Fn(&mut Rng) + std::panic::RefUnwindSafe) {
    for seed in 0..2_000 {
        let run = std::panic::catch_unwind(|| test(&mut Rng::with_seed(seed)));
        assert!(run.is_ok(), "seed {seed}");
    }
}

/// Up to so many of these pieces, or of any characters.
pub(crate) fn any_text(rng: &mut Rng, pieces: &[&str], most: usize) -> String {
    let count = rng.usize(..=most);
    let piece = |_| match rng.choice(pieces) {
        Some(piece) if rng.u8(..8) > 0 => (*piece).to_owned(),
        _ => rng.char(..).to_string(),
    };
    (0..count).map(piece).collect()
}
