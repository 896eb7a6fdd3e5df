//! Random texts for unit tests: realistic pieces and arbitrary characters, concatenated.

use fastrand::Rng;

/// Runs a test with 2,000 seeds, and names the seed that fails.
pub(crate) fn for_many_seeds(test: impl Fn(&mut Rng) + std::panic::RefUnwindSafe) {
    for seed in 0..2_000 {
        let run = std::panic::catch_unwind(|| test(&mut Rng::with_seed(seed)));
        assert!(run.is_ok(), "seed {seed}");
    }
}

/// Returns up to `most` parts, concatenated: seven of eight are from `pieces`, the others are
/// arbitrary characters.
pub(crate) fn any_text(rng: &mut Rng, pieces: &[&str], most: usize) -> String {
    let count = rng.usize(..=most);
    let piece = |_| match rng.choice(pieces) {
        Some(piece) if rng.u8(..8) > 0 => (*piece).to_owned(),
        _ => rng.char(..).to_string(),
    };
    (0..count).map(piece).collect()
}
