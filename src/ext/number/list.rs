//! `client.list_numbers()` and `client.find_number(phone)`, for users who know a phone number but
//! no id.

use std::{collections::HashSet, time::Duration};

use futures_util::{FutureExt, TryFutureExt, future::BoxFuture};

use super::{
    handle::check_timeout,
    phone::{Phone, matching},
};
use crate::{
    ext::{
        call::Answer,
        client::Client,
        error::{Error, Kind},
    },
    types::{NumberList, NumberSummary},
};

const WITH_COUNTRY_CODE: &str = "give it with its country code, such as +55 11 99999-9999";

impl Client {
    /// Finds the number of the key's tenant that has this phone number; `None` if there is none.
    ///
    /// Compares digits, including the country code. A number with exactly these digits is preferred
    /// to one that differs by the ninth digit of a Brazilian mobile number. That digit is optional
    /// if the digit after it is 6 to 9. Each call lists all numbers, so store the id.
    ///
    /// | Given | Read as |
    /// |---|---|
    /// | `+55 11 99999-9999`, `0055 11 99999-9999` | `5511999999999` |
    /// | `+55 (0)11 99999-9999`, `+55 011 99999-9999` | the same: the trunk prefix is dropped |
    /// | digits of other scripts, such as full-width ones | the same digits |
    /// | `5511999999999`, `12125550123`: no `+`, as the API writes numbers | unchanged, country code first |
    /// | `11 90000-0002`, `011 90000-0002`, `90000-0002`: no `+`, and no number has exactly these digits | an error: the country code is missing |
    ///
    /// A text without `+` or `00` counts as lacking its country code in three cases: its digits
    /// begin with 0, it has fewer than 10 digits, or it has the form of a Brazilian number with
    /// area code. That form is 11 digits with a 9 as the third, or 10 digits with 2 to 9 as the
    /// third, and no 0 in the area code.
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
    /// The errors of [`list_numbers`](Self::list_numbers). [`Error::is_invalid_input`] if the text
    /// has no digit or no country code. [`ErrorKind::Ambiguous`](crate::ErrorKind::Ambiguous), with
    /// the ids, if several numbers have this phone number.
    #[doc(alias = "phone")]
    pub fn find_number(
        &self,
        phone: &str,
    ) -> impl Future<Output = Result<Option<NumberSummary>, Error>> + Send + use<> {
        let (client, phone) = (self.clone(), Phone::parse(phone));
        async move {
            let phone = phone.ok_or_else(|| {
                Error::invalid_input(format!("the phone number has no digit: {WITH_COUNTRY_CODE}"))
            })?;
            let answer = client.answered_list(None).await?;
            let attempts = answer.attempts;
            let phone_of = |n: &&NumberSummary| Phone::of_response(n.number.as_deref(), &n.extra);
            let mut found = matching(answer.value.numbers.iter(), phone_of, &phone);
            // A list may have the same number twice.
            let mut ids = HashSet::new();
            found.retain(|number| ids.insert(&number.id));
            if found.is_empty() && phone.may_be_national {
                return Err(Error::invalid_input(format!(
                    "the phone number has no country code: {WITH_COUNTRY_CODE}"
                )));
            }
            if found.len() > 1 {
                let ids = found.iter().filter_map(|number| number.id.parse().ok()).collect();
                return Err(Error::new(Kind::Ambiguous(ids)).after(attempts));
            }
            Ok(found.pop().cloned())
        }
        .boxed()
    }

    /// Returns all numbers of the key's tenant, without Meta details: `GET /v1/numbers`. Their
    /// connection states are the last known ones.
    ///
    /// An item that is not an object, or has no id, is skipped. [`raw`](Self::raw) returns it in a
    /// [`NumberList`].
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
    /// The error of the call after its retries. A key that is scoped to one number may not list
    /// numbers: [`Error::is_forbidden`], with a hint.
    #[doc(alias = "list")]
    pub fn list_numbers(
        &self,
    ) -> impl Future<Output = Result<Vec<NumberSummary>, Error>> + Send + use<> {
        self.clone().answered_list(None).map_ok(|answer| answer.value.numbers).boxed()
    }

    /// Returns the list, including its malformed items, within `timeout` or the client's own.
    pub(crate) fn fetch_list(
        &self,
        timeout: Option<Duration>,
    ) -> BoxFuture<'static, Result<NumberList, Error>> {
        self.clone().answered_list(timeout).map_ok(|answer| answer.value).boxed()
    }

    async fn answered_list(self, timeout: Option<Duration>) -> Result<Answer<NumberList>, Error> {
        check_timeout(timeout)?;
        let raw = self.begin(None, timeout);
        raw.inner.finish(raw.get_numbers().await)
    }
}
