//! The path of a place in a JSON text. It is read off the text: `serde_path_to_error`, which
//! decodes once more, would compile every type's decoder twice.

/// The path, such as `meta.profile.websites[0]`, of what a text has at a place; empty at its top.
pub(super) fn at(text: &[u8], line: usize, column: usize) -> String {
    let mut path = String::new();
    for container in containers(before(text, line, column)) {
        match container {
            Container::Array(n) => path += &format!("[{n}]"),
            Container::Object(Some(key)) => {
                path += if path.is_empty() { "" } else { "." };
                path += name(key);
            }
            Container::Object(None) => {}
        }
    }
    path
}

/// A key that can be a field's name; `?` for others, which may be anybody's phone number.
fn name(key: &[u8]) -> &str {
    let is_plain = key.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let digits = key.iter().filter(|byte| byte.is_ascii_digit()).count();
    let name = str::from_utf8(key).ok();
    name.filter(|name| is_plain && digits <= 4 && name.len() <= 40).unwrap_or("?")
}

/// The part of a text before a place: so many bytes of that line, as `serde_json` counts.
fn before(text: &[u8], line: usize, column: usize) -> &[u8] {
    let lines = text.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1));
    let start: usize = lines.map(<[u8]>::len).sum();
    &text[..start.saturating_add(column).min(text.len())]
}

enum Container<'a> {
    /// With the index of its last item.
    Array(usize),
    /// With its last key, once that was read.
    Object(Option<&'a [u8]>),
}

/// What is open at the end of a text, the outermost first.
fn containers(text: &[u8]) -> Vec<Container<'_>> {
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        match (byte, open.last_mut()) {
            (b'{', _) => open.push(Container::Object(None)),
            (b'[', _) => open.push(Container::Array(0)),
            (b'}' | b']', _) => drop(open.pop()),
            (b',', Some(Container::Array(n))) => *n += 1,
            (b',', Some(Container::Object(key))) => *key = None,
            (b'"', container) => {
                let Some(string) = string(&text[at..]) else {
                    break;
                };
                if let Some(Container::Object(key @ None)) = container {
                    *key = Some(string);
                }
                at += string.len() + 1;
            }
            _ => {}
        }
    }
    open
}

/// A string from behind its opening quote to before its closing one.
fn string(text: &[u8]) -> Option<&[u8]> {
    let mut is_escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    Some(&text[..end?])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    /// A type that fails at each of its places.
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "it is only decoded")]
    struct Strict {
        id: String,
        list: Vec<Vec<bool>>,
        map: BTreeMap<String, Strict>,
    }

    fn example() -> Value {
        let inner = json!({ "id": "[{\"", "list": [], "map": {} });
        let middle = json!({ "id": "}\\", "list": [[true]], "map": { "a": inner, "b": inner } });
        json!({ "id": "1", "list": [[], [true, false]], "map": { "c": inner, "d": middle } })
    }

    /// The example with each of its values replaced by values of other types, one at a time.
    fn odd_bodies() -> Vec<Vec<u8>> {
        let mut pointers = vec![String::new()];
        let mut odd_bodies = Vec::new();
        while let Some(pointer) = pointers.pop() {
            match example().pointer(&pointer).unwrap() {
                Value::Object(o) => pointers.extend(o.keys().map(|k| format!("{pointer}/{k}"))),
                Value::Array(a) => pointers.extend((0..a.len()).map(|n| format!("{pointer}/{n}"))),
                _ => {}
            }
            for other in
                [json!(1), json!(-1.5), json!(true), json!("\"\\"), json!([[1]]), json!({"a": [1]})]
            {
                let mut example = example();
                *example.pointer_mut(&pointer).unwrap() = other;
                odd_bodies.push(serde_json::to_vec(&example).unwrap());
                odd_bodies.push(serde_json::to_vec_pretty(&example).unwrap());
            }
        }
        odd_bodies
    }

    #[test]
    fn a_path_is_the_one_that_serde_path_to_error_finds() {
        let mut found = 0;
        for body in odd_bodies() {
            let Err(error) = serde_json::from_slice::<Strict>(&body) else {
                continue;
            };
            let mut json = serde_json::Deserializer::from_slice(&body);
            let decoded: Result<Strict, _> = serde_path_to_error::deserialize(&mut json);
            let path = decoded.err().unwrap().path().to_string();
            assert_eq!(at(&body, error.line(), error.column()), path.trim_matches('.'), "{error}");
            found += 1;
        }
        assert!(found > 200, "only {found} odd bodies");
    }
}
