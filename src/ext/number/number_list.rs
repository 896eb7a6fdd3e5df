//! The response to the call for all numbers. An item that cannot be read does not cost the others.
//! The list has also been seen wrapped in an object.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::SeqAccess};
use serde_json::{Map, Value, json};

use crate::{
    ext::decode::field::{self, Field, fault, malformed_at},
    generated::types::NumberSummary,
};

/// All numbers of a tenant, as returned by `raw().get_numbers()`.
/// [`Client::list_numbers`](crate::Client::list_numbers) returns only the numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberList {
    /// The numbers, in the order of the response.
    pub numbers: Vec<NumberSummary>,
    /// The malformed items, which are not objects or have no id. Each is retained unchanged, with
    /// the count of numbers before it.
    pub malformed: Vec<(usize, Value)>,
    /// The other fields of the response, if it was an object with the list under `data` or
    /// `numbers`.
    pub extra: Map<String, Value>,
}

impl NumberList {
    /// Returns true if it holds all numbers: it has no malformed item, which may be a number, and
    /// no error beside the list.
    pub(crate) fn is_whole(&self) -> bool {
        self.malformed.is_empty() && !self.has_error()
    }

    fn has_error(&self) -> bool {
        let none =
            [json!(null), json!(false), json!(""), json!([]), json!({}), json!(0), json!(0.0)];
        self.extra.get("error").is_some_and(|error| !none.contains(error))
    }

    /// Returns the paths of all malformed values, such as `[2]` or `[0].state`.
    #[must_use]
    pub fn unreadable(&self) -> Vec<String> {
        Field::malformed(self)
    }
}

impl Field for NumberList {
    fn from_array<'de, A: SeqAccess<'de>>(
        array: A,
        into: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        let (numbers, malformed) = field::items(array)?;
        *into = Some(Self { numbers, malformed, extra: Map::new() });
        Ok(None)
    }

    fn from_value(value: Value) -> Result<Self, Value> {
        let Value::Object(mut extra) = value else { return Err(value) };
        let name = ["data", "numbers"]
            .into_iter()
            .find(|name| extra.get(*name).is_some_and(Value::is_array));
        let list = name.and_then(|name| Self::deserialize(extra.remove(name)?).ok());
        let list = list.map(|list| Self { extra, ..list });
        let is_list = |list: &Self| {
            !list.has_error() || !list.numbers.is_empty() || !list.malformed.is_empty()
        };
        list.filter(is_list).ok_or_else(|| Map::new().into())
    }

    fn malformed(&self) -> Vec<String> {
        let places = self.malformed.iter().map(|(before, _)| *before.min(&self.numbers.len()));
        let places = places.enumerate().map(|(n, before)| n + before);
        let mut paths: Vec<_> = places.map(|place| (place, vec![format!("[{place}]")])).collect();
        for (n, number) in self.numbers.iter().enumerate() {
            let place = n + self.malformed.partition_point(|(before, _)| *before <= n);
            paths.push((place, malformed_at(format_args!("[{place}]"), number)));
        }
        paths.sort_by_key(|(place, _)| *place);
        paths.into_iter().flat_map(|(_, paths)| paths).collect()
    }
}

impl<'de> Deserialize<'de> for NumberList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        field::body(deserializer, |body| fault("an array", Some(body)))
    }
}

impl Serialize for NumberList {
    /// Serializes it as an array, with the malformed items in their places.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        field::list_as_sent(&self.numbers, self.malformed.clone()).serialize(serializer)
    }
}
