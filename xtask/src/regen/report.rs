//! The report of what changed, for people and for machines.

use std::fmt;

use serde_json::{Value, json};

use super::changes::{Change, changes};
use super::surface::surface;

/// What changed since the vendored document.
pub(crate) struct Report {
    changes: Vec<Change>,
    /// Whether the bytes differ at all.
    differs: bool,
}

/// The part of a version that a change calls to raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// Nothing to release.
    None,
    Patch,
    Minor,
    Major,
}

impl Report {
    /// Compares two documents, of which the first is the one that users have.
    pub(crate) fn new(old: &Value, new: &Value, differs: bool) -> Self {
        Self { changes: changes(&surface(old), &surface(new)), differs }
    }

    /// The report for machines; `version` is the one that users have.
    pub(crate) fn to_json(&self, version: &str) -> Value {
        let changes: Vec<Value> = self
            .changes
            .iter()
            .map(|change| {
                json!({
                    "change": verb(change),
                    "kind": kind(change),
                    "name": change.key.name,
                    "from": change.from,
                    "to": change.to,
                    "breaking": change.breaking,
                    "step": step(change.breaking, version).name(),
                })
            })
            .collect();
        let step = self.step(version);
        json!({
            "breaking": self.is_breaking(),
            "step": step.name(),
            "version": version,
            "next": step.apply(version),
            "changes": changes,
        })
    }

    /// The report for people, as Markdown.
    pub(crate) fn to_text(&self, version: &str) -> String {
        let mut text = String::new();
        for (title, breaking) in [("Breaking", true), ("Compatible", false)] {
            let list: Vec<&Change> =
                self.changes.iter().filter(|change| change.breaking == breaking).collect();
            if !list.is_empty() {
                text += &format!("{title} ({}):\n", step(breaking, version).name());
            }
            for change in list {
                text += &format!("- {}\n", Line(change));
            }
        }
        text + &self.conclusion(version)
    }

    /// Which release the changes call for.
    fn conclusion(&self, version: &str) -> String {
        let step = self.step(version);
        let next = step.apply(version);
        match (self.changes.is_empty(), self.differs) {
            (true, false) => "No change.\n".to_owned(),
            (true, true) => format!(
                "Only texts, examples, order or provenance changed: {} step, {version} to {next}.\n",
                step.name()
            ),
            _ => format!("Semver: {} step, {version} to {next}.\n", step.name()),
        }
    }

    /// Whether users may have to change their code.
    fn is_breaking(&self) -> bool {
        self.changes.iter().any(|change| change.breaking)
    }

    /// The step that all changes together call for.
    fn step(&self, version: &str) -> Step {
        let least = if self.differs { Step::Patch } else { Step::None };
        self.changes.iter().map(|change| step(change.breaking, version)).fold(least, Ord::max)
    }
}

impl Step {
    /// Its name.
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

/// The step of one change; before 1.0, Cargo takes each part for the one above it.
fn step(breaking: bool, version: &str) -> Step {
    match (breaking, version.starts_with("0.")) {
        (true, false) => Step::Major,
        (true, true) | (false, false) => Step::Minor,
        (false, true) => Step::Patch,
    }
}

/// What happened.
fn verb(change: &Change) -> &'static str {
    match (&change.from, &change.to) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    }
}

/// What it happened to.
fn kind(change: &Change) -> String {
    format!("{:?}", change.key.kind).to_lowercase()
}

/// A change as one line.
struct Line<'a>(&'a Change);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = self.0;
        write!(f, "{} {}: `{}`", kind(change), verb(change), change.key.name)?;
        match (&change.from, &change.to) {
            (Some(from), Some(to)) => write!(f, ", `{from}` to `{to}`"),
            (Some(what), None) | (None, Some(what)) if !what.is_empty() => write!(f, ", `{what}`"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Report;

    fn document(fields: &Value) -> Value {
        json!({ "components": { "schemas": { "A": { "properties": fields } } } })
    }

    fn report(new: &Value) -> Report {
        Report::new(&document(&json!({ "a": { "type": "string" } })), &document(new), true)
    }

    #[test]
    fn people_read_what_breaks_first_and_which_release_follows() {
        let both = report(&json!({ "a": { "type": "integer" }, "b": { "type": "boolean" } }));
        let expected = "Breaking (minor):
- field changed: `types::A.a`, `Option<String>` to `Option<i64>`
Compatible (patch):
- field added: `types::A.b`, `Option<bool>`
Semver: minor step, 0.1.2 to 0.2.0.
";
        assert_eq!(both.to_text("0.1.2"), expected);
        let none = report(&json!({ "a": { "type": "string", "description": "D" } }));
        assert_eq!(
            none.to_text("1.2.3"),
            "Only texts, examples, order or provenance changed: patch step, 1.2.3 to 1.2.4.\n"
        );
        assert_eq!(Report::new(&json!({}), &json!({}), false).to_text("1.2.3"), "No change.\n");
    }

    #[test]
    fn machines_read_the_same() {
        let gone = report(&json!({}));
        let change = json!({
            "change": "removed", "kind": "field", "name": "types::A.a", "from": "Option<String>", "to": null,
            "breaking": true, "step": "major",
        });
        let expected = json!({
            "breaking": true, "step": "major", "version": "1.2.3", "next": "2.0.0", "changes": [change],
        });
        assert_eq!(gone.to_json("1.2.3"), expected);
        let more = report(&json!({ "a": { "type": "string" }, "b": {} })).to_json("1.2.3");
        assert_eq!((&more["step"], &more["next"]), (&json!("minor"), &json!("1.3.0")));
    }
}
