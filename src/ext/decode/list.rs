//! Decoding of a list. A malformed item does not cost the others: they are decoded, and the whole
//! list is returned with its original content.

use serde::{Serialize, de::SeqAccess};
use serde_json::Value;

use super::field::{Field, Reader, malformed_at};

/// The items of a list.
pub(crate) struct Items<T> {
    pub(crate) read: Vec<T>,
    /// The malformed items, unchanged. Each has the count of decoded items before it.
    pub(crate) malformed: Vec<(usize, Value)>,
}

impl<T: Field> Items<T> {
    pub(crate) fn of<'de, A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        let (mut read, mut malformed) = (Vec::new(), Vec::new());
        let mut item = None;
        while let Some(value) = array.next_element_seed(Reader(&mut item))? {
            match item.take() {
                Some(item) => read.push(item),
                None => malformed.push((read.len(), value.unwrap_or_default())),
            }
        }
        Ok(Self { read, malformed })
    }
}

/// Returns the original list, with each item in its place.
pub(crate) fn as_sent<T: Serialize>(read: &[T], malformed: Vec<(usize, Value)>) -> Value {
    let mut sent = Vec::with_capacity(read.len() + malformed.len());
    let mut rest = read.iter().map(|item| serde_json::to_value(item).unwrap_or_default());
    let mut done = 0;
    for (before, value) in malformed {
        sent.extend(rest.by_ref().take(before.saturating_sub(done)));
        sent.push(value);
        done = before;
    }
    sent.extend(rest);
    sent.into()
}

impl<T: Field + Serialize> Field for Vec<T> {
    fn from_array<'de, A: SeqAccess<'de>>(
        array: A,
        into: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        let Items { read, malformed } = Items::of(array)?;
        let sent = (!malformed.is_empty()).then(|| as_sent(&read, malformed));
        *into = Some(read);
        Ok(sent)
    }

    fn malformed(&self) -> Vec<String> {
        let of_item = |(n, item)| malformed_at(format_args!("[{n}]"), item);
        self.iter().enumerate().flat_map(of_item).collect()
    }
}
