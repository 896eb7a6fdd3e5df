//! `client.list_numbers()` and `client.find_number(phone)`: users know a phone number, and no id.

use std::time::Duration;

use futures_util::{FutureExt, future::BoxFuture};
use serde_json::Value;

use super::{handle::check_timeout, phone::Phone};
use crate::{
    ext::{client::client::Client, error::error::Error},
    generated,
    types::{NumberList, NumberSummary},
};

const TARGET: &str = "the list of numbers";

impl Client {
    /// All numbers of the key's tenant, without Meta details: `GET /v1/numbers`. Their connection
    /// states are the last known ones.
    ///
    /// An item that is no object, or has no id, is left out. What [`raw`](Self::raw) returns has it:
    /// a [`NumberList`].
    ///
    /// ```no_run
    /// # async fn example(client: pilot_status::Client) -> Result<(), pilot_status::Error> {
    /// for number in client.list_numbers().await? {
    ///     println!("{} {:?}", number.id, number.number);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What became of the call after its retries. A key that is scoped to one number may not list
    /// them: [`Error::is_forbidden`], with a hint.
    pub fn list_numbers(
        &self,
    ) -> impl Future<Output = Result<Vec<NumberSummary>, Error>> + Send + use<> {
        self.list(None).map(|list| Ok(list?.numbers)).boxed()
    }

    /// The list with what in it is no number, within this time or the client's own.
    pub(crate) fn list(
        &self,
        timeout: Option<Duration>,
    ) -> BoxFuture<'static, Result<NumberList, Error>> {
        let client = self.clone();
        async move {
            check_timeout(timeout)?;
            let call = |raw: generated::Client| async move { raw.get_numbers().await };
            client.call(timeout, call, |_| true, || TARGET.to_owned()).await
        }
        .boxed()
    }

    /// The number of the key's tenant that has this phone number; `None` if there is none.
    ///
    /// Only digits are compared, the country code included. A Brazilian mobile number is found
    /// with and without its ninth digit. Each call lists all numbers: keep the id.
    ///
    /// ```no_run
    /// # async fn example(client: pilot_status::Client) -> Result<(), pilot_status::Error> {
    /// if let Some(number) = client.find_number("+55 11 99999-9999").await? {
    ///     println!("{}", client.number(&number.id).get().await?.readiness());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`list_numbers`](Self::list_numbers); [`Error::is_invalid_input`] if the text has no
    /// digit; [`ErrorKind::Ambiguous`](crate::ErrorKind::Ambiguous), with the ids, if several
    /// numbers have this phone number.
    pub async fn find_number(&self, phone: &str) -> Result<Option<NumberSummary>, Error> {
        let phone = Phone::parse(phone).ok_or_else(|| {
            Error::invalid_input(
                "the phone number has no digit: give it with its country code, such as +55 11 99999-9999",
            )
        })?;
        let mut found = self.list_numbers().await?;
        found.retain(|number| has_phone(number, &phone));
        if found.len() > 1 {
            let ids = found.into_iter().map(|number| number.id).collect();
            return Err(Error::ambiguous(ids).about(TARGET));
        }
        Ok(found.pop())
    }
}

fn has_phone(number: &NumberSummary, phone: &Phone) -> bool {
    // Users have met phone numbers that are JSON numbers.
    let odd = number.extra.get("number").and_then(Value::as_u64).map(|digits| digits.to_string());
    number.number.as_ref().or(odd.as_ref()).is_some_and(|text| phone.is(text))
}
