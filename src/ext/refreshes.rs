//! The refreshes under way: of one number never two at once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};

use crate::{Error, types::Number};

type Refresh = BoxFuture<'static, Result<Number, Error>>;

/// By the number's id. What nobody waits for any more is gone, and stops.
#[derive(Default)]
pub(crate) struct Refreshes(Mutex<HashMap<String, WeakShared<Refresh>>>);

impl Refreshes {
    /// The refresh of this number that is under way, or a new one.
    pub(crate) fn share(
        &self,
        id: &str,
        new: impl Future<Output = Result<Number, Error>> + Send + 'static,
    ) -> Shared<Refresh> {
        // Nothing panics while it is held; if it did, the map would still be one.
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let current = under_way.get(id).and_then(WeakShared::upgrade);
        if let Some(refresh) = current.filter(|refresh| refresh.peek().is_none()) {
            return refresh;
        }
        under_way.retain(|_, refresh| refresh.upgrade().is_some_and(|r| r.peek().is_none()));
        let refresh = new.boxed().shared();
        if let Some(weak) = refresh.downgrade() {
            under_way.insert(id.to_owned(), weak);
        }
        refresh
    }
}
