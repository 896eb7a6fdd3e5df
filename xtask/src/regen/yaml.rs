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
    use serde_json::Value;

    use super::parse;

    #[test]
    fn yaml_is_read_without_guessing() {
        let value: Value = parse("z: '1'\nday: 2026-06-30\nversion: 3.1.0\na: no\n").unwrap();
        let expected = r#"{"z":"1","day":"2026-06-30","version":"3.1.0","a":"no"}"#;
        assert_eq!(value.to_string(), expected);
        let table = [
            ("200: ok\n'200': again\n", "line 2, column 1"),
            ("a: 1\n---\nb: 2\n", "line 3, column 1"),
            ("a: .inf\n", "line 1, column 4"),
        ];
        for (text, place) in table {
            let error = parse::<Value>(text).unwrap_err().to_string();
            assert!(error.contains(place) && error.lines().count() == 1, "{text:?} gave {error}");
        }
    }
}
