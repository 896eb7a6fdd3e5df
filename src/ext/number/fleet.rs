//! `client.numbers(ids)`: calls for many numbers, a few at a time. The results are a stream, so
//! memory does not grow with the number of ids.

use std::time::Duration;

use futures_util::{FutureExt, Stream, StreamExt, future::Either, stream};

use super::handle::NumberHandle;
use crate::{
    ext::{client::Client, error::Error},
    types::{Number, NumberStatus},
};

/// Default number of concurrent calls.
pub(crate) const CONCURRENCY: usize = 16;

impl Client {
    /// Prepares calls for many numbers. Each id gets one result; a failure does not affect the
    /// others.
    ///
    /// Memory does not grow with the number of ids. Nothing is remembered, so an id that occurs
    /// twice is requested twice.
    ///
    /// ```no_run
    /// # async fn example(client: pilot_status::Client) {
    /// use futures_util::StreamExt;
    ///
    /// let mut answers = client.numbers(["num_1", "num_2"]).concurrency(8).get();
    /// while let Some((id, number)) = answers.next().await {
    ///     match number {
    ///         Ok(number) => println!("{id}: {}", number.readiness()),
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn numbers<I>(&self, ids: I) -> Numbers<impl Stream<Item = String> + use<I>>
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.numbers_from(stream::iter(ids.into_iter().map(Into::into)))
    }

    /// Does the same as [`numbers`](Self::numbers) with ids from a stream.
    pub fn numbers_from<S: Stream<Item = String>>(&self, ids: S) -> Numbers<S> {
        let client = self.clone();
        Numbers { client, ids, concurrency: CONCURRENCY, ordered: false, timeout: None }
    }
}

/// Many numbers of the API; made by [`Client::numbers`].
///
/// It owns a clone of the client, and so do its streams. If the ids are `Send` and `'static`, the
/// streams are too: they can be stored, spawned and boxed.
#[derive(Clone, Debug)]
#[must_use = "no request is sent until the stream of get, refresh, get_fresh or status is polled"]
pub struct Numbers<S> {
    pub(crate) client: Client,
    pub(crate) ids: S,
    pub(crate) concurrency: usize,
    ordered: bool,
    pub(crate) timeout: Option<Duration>,
}

impl<S: Stream<Item = String>> Numbers<S> {
    /// Sets the number of concurrent calls; 0 counts as 1. Default: 16.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Returns the results in the order of the ids, instead of the order in which they arrive.
    pub fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// Sets the time limit of each call; see [`NumberHandle::timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Calls [`NumberHandle::get`] for each id, and returns the results with their ids.
    pub fn get(self) -> impl Stream<Item = (String, Result<Number, Error>)> + use<S> {
        self.each(|number| number.get())
    }

    /// Calls [`NumberHandle::refresh`] for each id, and returns the results with their ids.
    pub fn refresh(self) -> impl Stream<Item = (String, Result<Number, Error>)> + use<S> {
        self.each(|number| number.refresh())
    }

    /// Calls [`NumberHandle::get_fresh`] for each id, and returns the results with their ids.
    pub fn get_fresh(
        self,
        max_age: Duration,
    ) -> impl Stream<Item = (String, Result<Number, Error>)> + use<S> {
        self.each(move |number| number.get_fresh(max_age))
    }

    /// Calls [`NumberHandle::status`] for each id, and returns the results with their ids.
    pub fn status(self) -> impl Stream<Item = (String, Result<NumberStatus, Error>)> + use<S> {
        self.each(|number| number.status())
    }

    fn each<T, F, Fut>(self, call: F) -> impl Stream<Item = (String, T)> + use<S, T, F, Fut>
    where
        F: Fn(NumberHandle) -> Fut,
        Fut: Future<Output = T>,
    {
        let Self { client, ids, concurrency, ordered, timeout } = self;
        let answers = ids.map(move |id| {
            let number = NumberHandle { timeout, ..client.number(&id) };
            call(number).map(move |answer| (id, answer))
        });
        if ordered {
            Either::Left(answers.buffered(concurrency))
        } else {
            Either::Right(answers.buffer_unordered(concurrency))
        }
    }
}
