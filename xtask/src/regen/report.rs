//! The report of a run: what the page says otherwise than before, what `openapi.json` does, and
//! which release that calls for.

use std::fmt::Write;

use serde_json::{Value, json};

use super::diff::{Change, diff};
use super::effect::{Effect, effect};
use super::overlay::Written;
use super::pointer::child;
use super::provenance;

/// The longest that a value is shown.
const SHOWN: usize = 200;

pub(crate) struct Report {
    page: Vec<Line>,
    document: Vec<Line>,
    /// Whether the bytes of `openapi.json` differ at all.
    differs: bool,
}

/// A difference, judged.
struct Line {
    change: Change,
    effect: Effect,
    /// The action of the overlay that keeps it out of `openapi.json`.
    hidden_by: Option<String>,
}

impl Report {
    /// Compares the pages, if the old ones are known, and the documents, if there is an old one.
    pub(crate) fn new(
        pages: Option<(&Value, &Value)>,
        documents: Option<(&Value, &Value)>,
        written: &[Written],
        differs: bool,
    ) -> Self {
        let page = pages.map(|(old, new)| lines(old, new, written)).unwrap_or_default();
        let document = documents.map(|(old, new)| lines(old, new, &[])).unwrap_or_default();
        Self { page, document, differs }
    }

    /// The worst that either comparison found; `None` if nothing differs.
    pub(crate) fn verdict(&self) -> Option<Effect> {
        let least = self.differs.then_some(Effect::Words);
        self.page.iter().chain(&self.document).map(|line| Some(line.effect)).fold(least, Ord::max)
    }

    /// For people, as Markdown.
    pub(crate) fn to_text(&self, version: &str) -> String {
        let mut text = part("The page", &self.page) + &part("openapi.json", &self.document);
        let step = Step::of(self.verdict(), version);
        let next = step.apply(version);
        text += &match self.verdict() {
            None => "No change.\n".to_owned(),
            Some(Effect::Words) => {
                format!("Words only: {} step, {version} to {next}.\n", step.name())
            }
            Some(effect) => {
                format!("{}: {} step, {version} to {next}.\n", capital(effect.name()), step.name())
            }
        };
        text
    }

    /// For machines.
    pub(crate) fn to_json(&self, version: &str) -> Value {
        let lines = |lines: &[Line]| -> Value { lines.iter().map(Line::to_json).collect() };
        let step = Step::of(self.verdict(), version);
        json!({
            "verdict": self.verdict().map_or("none", Effect::name),
            "step": step.name(),
            "version": version,
            "next": step.apply(version),
            "page": lines(&self.page),
            "document": lines(&self.document),
        })
    }
}

fn lines(old: &Value, new: &Value, written: &[Written]) -> Vec<Line> {
    let provenance = child("#", provenance::FIELD);
    let changes = diff(old, new).into_iter().filter(|change| !change.at.starts_with(&provenance));
    let mut lines: Vec<Line> = changes
        .map(|change| {
            let hidden_by = written.iter().find(|written| written.covers(&change.at));
            let hidden_by = hidden_by.map(|written| written.action.clone());
            Line { effect: effect(&change), change, hidden_by }
        })
        .collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.effect));
    lines
}

/// The lines of one comparison, the worst first.
fn part(of: &str, lines: &[Line]) -> String {
    let mut text = String::new();
    for effect in [Effect::Breaking, Effect::Compatible, Effect::Words] {
        let mut some = lines.iter().filter(|line| line.effect == effect).peekable();
        if some.peek().is_some() {
            text += &format!("{of}, {}:\n", effect.name());
        }
        for line in some {
            text += &line.to_text();
        }
    }
    text
}

impl Line {
    fn to_text(&self) -> String {
        let Change { at, from, to } = &self.change;
        let mut text = format!("- `{at}`: ");
        let _ = match (from, to) {
            (Some(from), Some(to)) => write!(text, "{} → {}", shown(from), shown(to)),
            (Some(gone), None) => write!(text, "no longer {}", shown(gone)),
            (None, new) => write!(text, "new, {}", shown(new.as_ref().unwrap_or(&Value::Null))),
        };
        if let Some(action) = &self.hidden_by {
            text += &format!(" (does not reach openapi.json: action `{action}` writes this place)");
        }
        text + "\n"
    }

    fn to_json(&self) -> Value {
        let Self { change: Change { at, from, to }, effect, hidden_by } = self;
        json!({ "at": at, "from": from, "to": to, "effect": effect.name(), "hidden_by": hidden_by })
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string().replace('`', "'");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

fn capital(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

/// The part of a version that is to be raised.
#[derive(Clone, Copy)]
enum Step {
    None,
    Patch,
    Minor,
    Major,
}

impl Step {
    /// Before 1.0, Cargo takes each part for the one above it.
    fn of(verdict: Option<Effect>, version: &str) -> Self {
        match (verdict, version.starts_with("0.")) {
            (None, _) => Self::None,
            (Some(Effect::Words), _) | (Some(Effect::Compatible), true) => Self::Patch,
            (Some(Effect::Compatible), false) | (Some(Effect::Breaking), true) => Self::Minor,
            (Some(Effect::Breaking), false) => Self::Major,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    /// The next version; the same text where it is not of three numbers.
    fn apply(self, version: &str) -> String {
        let parts: Vec<u64> = version.split('.').filter_map(|part| part.parse().ok()).collect();
        let [major, minor, patch] = parts[..] else { return version.to_owned() };
        match self {
            Self::None => version.to_owned(),
            Self::Patch => format!("{major}.{minor}.{}", patch + 1),
            Self::Minor => format!("{major}.{}.0", minor + 1),
            Self::Major => format!("{}.0.0", major + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Report;
    use crate::regen::overlay::Written;

    fn report(old: &Value, new: &Value, written: &[Written]) -> Report {
        Report::new(Some((old, new)), Some((&json!({}), &json!({}))), written, true)
    }

    #[test]
    fn the_worst_comes_first_and_what_is_hidden_says_by_what() {
        let old = json!({ "servers": [{ "url": "a" }], "info": { "title": "T" } });
        let new = json!({ "servers": [{ "url": "b" }], "info": { "title": "U" } });
        let hides = Written { action: "prose".to_owned(), at: vec!["#/info".to_owned()] };
        let text = report(&old, &new, &[hides]).to_text("0.1.2");
        let expected = "The page, breaking:
- `#/servers/0/url`: `\"a\"` → `\"b\"`
The page, words only:
- `#/info/title`: `\"T\"` → `\"U\"` (does not reach openapi.json: action `prose` writes this place)
Breaking: minor step, 0.1.2 to 0.2.0.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_step_follows_from_the_worst() {
        let table = [
            (json!({ "info": 1 }), "words only", "patch", "1.2.4", "0.1.3"),
            (json!({ "components": {} }), "compatible", "minor", "1.3.0", "0.1.3"),
            (json!({ "security": [] }), "breaking", "major", "2.0.0", "0.2.0"),
        ];
        for (new, verdict, step, next, before_one) in table {
            let report = report(&json!({}), &new, &[]);
            let json = report.to_json("1.2.3");
            assert_eq!(
                (&json["verdict"], &json["step"], &json["next"]),
                (&json!(verdict), &json!(step), &json!(next))
            );
            assert_eq!(report.to_json("0.1.2")["next"], before_one);
        }
        let none = Report::new(None, None, &[], false);
        assert_eq!(none.to_text("1.2.3"), "No change.\n");
    }
}
