//! YAML as people write it, read without guessing: a key given twice is an error, `yes` and dates
//! stay text.

use anyhow::{Result, anyhow};
use serde::de::DeserializeOwned;
use serde_saphyr::{SnippetMode, UserMessageFormatter};

/// Reads one YAML (or JSON) document; the error says the line and the column.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let plain = serde_saphyr::render_options! {
            formatter: &UserMessageFormatter,
            snippets: SnippetMode::Off,
        };
        anyhow!("{}", error.render_with_options(plain))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::parse;

    #[test]
    fn scalars_retain_their_written_type() {
        let table = [
            ("'1'", json!("1")),
            ("2026-06-30", json!("2026-06-30")),
            ("3.1.0", json!("3.1.0")),
            ("no", json!("no")),
        ];
        for (text, expected) in table {
            assert_eq!(parse::<Value>(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn keys_retain_their_order() {
        let value: Value = parse("z: 1\na: 2\nm: {y: 1, b: 2}\n").unwrap();
        assert_eq!(value.to_string(), r#"{"z":1,"a":2,"m":{"y":1,"b":2}}"#);
    }

    #[test]
    fn ambiguous_yaml_is_rejected_with_its_place() {
        let table = [
            ("200: ok\n'200': again\n", "line 2, column 1"),
            ("a: 1\n---\nb: 2\n", "line 3, column 1"),
            ("a: .inf\n", "line 1, column 4"),
        ];
        for (text, place) in table {
            let error = parse::<Value>(text).unwrap_err().to_string();
            assert!(error.contains(place), "{text:?} gave {error}");
            assert!(!error.contains('\n'), "{text:?} gave {error}");
        }
    }
}
