//! [`Watch::run`]: the loop of a service that stores the state of its watch in a file.

use std::{io, path::Path, pin::pin, time::Duration};

use futures_util::StreamExt;
use tokio::{task::spawn_blocking, time::timeout_at};

use super::{Watch, change::Change, state::WatchState};
use crate::ext::{clock, trace};

/// Time between two writes of the state.
const SAVE_EVERY: Duration = Duration::from_secs(60);

impl Watch {
    /// Passes each change to `on_change` until `end` completes or the watch ends. Resumes from the
    /// state in the file at `path`, as [`WatchState::load`] reads it, and saves the state there once
    /// a minute and at the end, on a thread for blocking work. Use [`next`](Self::next) and
    /// [`state`](Self::state) to store the state in another way.
    ///
    /// ```no_run
    /// # async fn example(client: pilot_status::Client) -> std::io::Result<()> {
    /// let watch = client.watch_all(std::time::Duration::from_secs(60));
    /// let interrupted = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    /// watch.run("fleet.json", interrupted, |change| println!("{change}")).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The errors of [`WatchState::load`], before the first request, and of [`WatchState::save`] at the
    /// end. If an earlier save fails, the watch continues, and feature `tracing` logs a warning.
    pub async fn run(
        self,
        path: impl AsRef<Path>,
        end: impl Future<Output = ()>,
        mut on_change: impl FnMut(Change),
    ) -> io::Result<()> {
        let path = path.as_ref();
        let mut changes = pin!(self.resume(WatchState::load(path)?).take_until(end));
        let mut next_save = clock::after(clock::now(), SAVE_EVERY);
        loop {
            match timeout_at(next_save, changes.next()).await {
                Ok(Some(change)) => on_change(change),
                Ok(None) => return save(changes.get_ref().state(), path).await,
                Err(_elapsed) => {
                    let saved = save(changes.get_ref().state(), path).await;
                    saved.inspect_err(trace::state_not_saved).ok();
                    next_save = clock::after(clock::now(), SAVE_EVERY);
                }
            }
        }
    }
}

/// Saves the state on a thread for blocking work.
async fn save(state: WatchState, path: &Path) -> io::Result<()> {
    let path = path.to_owned();
    spawn_blocking(move || state.save(path)).await.map_err(io::Error::other)?
}
