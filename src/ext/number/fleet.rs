//! `client.numbers(ids)`: many numbers, a few at a time. It is a stream, so memory does not grow
//! with the number of ids.

use std::time::Duration;

use futures_util::{Stream, StreamExt, future::Either, stream};

use super::handle::NumberHandle;
use crate::{
    ext::{client::client::Client, error::error::Error},
    types::Number,
};

/// How many numbers are asked for at once, unless it is set.
const CONCURRENCY: usize = 16;

impl Client {
    /// Many numbers: each id is asked for when its turn comes, and one answer comes out for each,
    /// whatever becomes of the others.
    ///
    /// Memory does not grow with the number of ids: nothing is remembered, so an id that comes
    /// twice is asked for twice.
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
    pub fn numbers<I>(&self, ids: I) -> Numbers<'_, impl Stream<Item = String> + use<I>>
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.numbers_from(stream::iter(ids.into_iter().map(Into::into)))
    }

    /// As [`numbers`](Self::numbers), with ids that come from a stream.
    pub fn numbers_from<S: Stream<Item = String>>(&self, ids: S) -> Numbers<'_, S> {
        Numbers { client: self, ids, concurrency: CONCURRENCY, ordered: false }
    }
}

/// Many numbers of the API; made by [`Client::numbers`].
#[derive(Clone, Debug)]
#[must_use = "nothing is asked for until the stream of get, refresh or get_fresh is polled"]
pub struct Numbers<'a, S> {
    client: &'a Client,
    ids: S,
    concurrency: usize,
    ordered: bool,
}

impl<'a, S: Stream<Item = String>> Numbers<'a, S> {
    /// How many are asked for at once; 0 counts as 1. Default: 16.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Answers in the order of the ids, rather than as they come in.
    pub fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// Each as [`NumberHandle::get`], with its id.
    pub fn get(self) -> impl Stream<Item = (String, Result<Number, Error>)> + use<'a, S> {
        self.each(|number| async move { number.get().await })
    }

    /// Each as [`NumberHandle::refresh`], with its id.
    pub fn refresh(self) -> impl Stream<Item = (String, Result<Number, Error>)> + use<'a, S> {
        self.each(|number| async move { number.refresh().await })
    }

    /// Each as [`NumberHandle::get_fresh`], with its id.
    pub fn get_fresh(
        self,
        max_age: Duration,
    ) -> impl Stream<Item = (String, Result<Number, Error>)> + use<'a, S> {
        self.each(move |number| async move { number.get_fresh(max_age).await })
    }
}

impl<'a, S: Stream<Item = String>> Numbers<'a, S> {
    fn each<F, Fut>(
        self,
        call: F,
    ) -> impl Stream<Item = (String, Result<Number, Error>)> + use<'a, S, F, Fut>
    where
        F: Fn(NumberHandle<'a>) -> Fut + Clone,
        Fut: Future<Output = Result<Number, Error>>,
    {
        let client = self.client;
        let answers = self.ids.map(move |id| {
            let call = call(client.number(id.clone()));
            async move { (id, call.await) }
        });
        if self.ordered {
            Either::Left(answers.buffered(self.concurrency))
        } else {
            Either::Right(answers.buffer_unordered(self.concurrency))
        }
    }
}
