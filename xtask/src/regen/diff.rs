//! The differences of two documents or texts, each with its place.

use serde::Serialize;
use serde_json::Value;

use super::pointer::child;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Change {
    /// The JSON pointer of what differs, the line of a text, or the path of a Rust item.
    pub(crate) at: String,
    /// The old value; none if the place is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Value>,
    /// The new value; none if the place is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Value>,
}

pub(crate) fn diff(old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(old, new, "#", &mut changes);
    changes
}

fn compare(old: &Value, new: &Value, at: &str, changes: &mut Vec<Change>) {
    match (old, new) {
        _ if old == new => {}
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                let at = child(at, key);
                match new.get(key) {
                    Some(new) => compare(value, new, &at, changes),
                    None => changes.push(change(&at, Some(value), None)),
                }
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                changes.push(change(&child(at, key), None, Some(value)));
            }
        }
        (Value::Array(old), Value::Array(new)) => lists(old, new, at, changes),
        _ => changes.push(change(at, Some(old), Some(new))),
    }
}

fn lists(old: &[Value], new: &[Value], at: &str, changes: &mut Vec<Change>) {
    if sorted(old) == sorted(new) {
        changes.push(change(at, Some(&old.into()), Some(&new.into())));
    } else if old.len() == new.len() && old.iter().chain(new).all(Value::is_object) {
        for (index, (old, new)) in old.iter().zip(new).enumerate() {
            compare(old, new, &format!("{at}/{index}"), changes);
        }
    } else {
        multisets(old, new, |index| format!("{at}/{index}"), changes);
    }
}

/// Returns the lines that only one of two texts has, one line more than before included. If both
/// have as many, each is the other changed.
pub(crate) fn diff_lines(old: &str, new: &str, of: &str) -> Vec<Change> {
    let lines = |text: &str| -> Vec<Value> { text.lines().map(Value::from).collect() };
    let mut changes = Vec::new();
    let at = |index| format!("{of}, line {}", index + 1);
    multisets(&lines(old), &lines(new), at, &mut changes);
    changes.retain(|change| change.from.as_ref().or(change.to.as_ref()) != Some(&"".into()));
    let (gone, new): (Vec<_>, Vec<_>) = changes.into_iter().partition(|c| c.to.is_none());
    if gone.len() != new.len() {
        return gone.into_iter().chain(new).collect();
    }
    gone.into_iter().zip(new).map(|(gone, new)| Change { from: gone.from, ..new }).collect()
}

fn multisets(old: &[Value], new: &[Value], at: impl Fn(usize) -> String, to: &mut Vec<Change>) {
    to.extend(surplus(old, new).map(|(index, item)| change(&at(index), Some(item), None)));
    to.extend(surplus(new, old).map(|(index, item)| change(&at(index), None, Some(item))));
}

/// Returns the items of a list that another does not have as often.
fn surplus<'a>(list: &'a [Value], other: &[Value]) -> impl Iterator<Item = (usize, &'a Value)> {
    let mut rest = other.to_vec();
    list.iter().enumerate().filter(move |(_, item)| {
        let found = rest.iter().position(|other| other == *item);
        found.map(|index| rest.swap_remove(index)).is_none()
    })
}

fn sorted(list: &[Value]) -> Vec<String> {
    let mut items: Vec<String> = list.iter().map(Value::to_string).collect();
    items.sort();
    items
}

pub(crate) fn change(at: &str, from: Option<&Value>, to: Option<&Value>) -> Change {
    Change { at: at.to_owned(), from: from.cloned(), to: to.cloned() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{change, diff, diff_lines};

    #[test]
    fn lines_that_changed_are_pairs() {
        let (old, new) = (json!("b"), json!("B"));
        let expected = [change("f, line 3", Some(&old), Some(&new))];
        assert_eq!(diff_lines("a\nb", "a\n\nB", "f"), expected);
    }

    #[test]
    fn each_difference_is_listed_once_with_its_place() {
        let table = [
            (r#"{"a":{"b":1}}"#, r#"{"a":{"b":2}}"#, "#/a/b: 1 to 2"),
            (r#"{"a":1}"#, r#"{"b":1}"#, "#/a: 1 to none, #/b: none to 1"),
            (r#"{"a":[1,2]}"#, r#"{"a":[2,3]}"#, "#/a/0: 1 to none, #/a/1: none to 3"),
            ("[1]", "[1,1]", "#/1: none to 1"),
            ("[1,2]", "[2,1]", "#: [1,2] to [2,1]"),
            (r#"[{"a":1},{"a":2}]"#, r#"[{"a":3},{"a":2},{"a":1}]"#, r#"#/0: none to {"a":3}"#),
            (r#"[{"x":1}]"#, r#"[{"x":2}]"#, "#/0/x: 1 to 2"),
        ];
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let side =
            |value: Option<Value>| value.map_or("none".to_owned(), |value| value.to_string());
        for (old, new, expected) in table {
            let changes = diff(&json(old), &json(new)).into_iter();
            let found = changes.map(|c| format!("{}: {} to {}", c.at, side(c.from), side(c.to)));
            assert_eq!(found.collect::<Vec<_>>().join(", "), expected, "{old} to {new}");
        }
    }
}
