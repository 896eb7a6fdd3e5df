//! What a difference does to users. The rules hold for the page and for `openapi.json` alike; what
//! no rule names is breaking, so that nothing structural passes as words.

use super::diff::Change;

/// The worst comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// Nobody's program sees it.
    Words,
    /// Programs go on compiling and working.
    Compatible,
    /// A program may stop to compile or to work.
    Breaking,
}

impl Effect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Words => "words only",
            Self::Compatible => "compatible",
            Self::Breaking => "breaking",
        }
    }
}

/// Fields for people, and what generated code does not heed.
const WORDS: [&str; 10] = [
    "contact",
    "description",
    "example",
    "examples",
    "externalDocs",
    "info",
    "license",
    "openapi",
    "summary",
    "tags",
];
/// Maps whose keys are names.
const MAPS: [&str; 7] =
    ["content", "headers", "paths", "properties", "responses", "schemas", "securitySchemes"];
/// What may be added to these maps without harm: a program that does not know it passes it over.
const EXTENSIBLE: [&str; 5] = ["headers", "properties", "responses", "schemas", "securitySchemes"];
const METHODS: [&str; 5] = ["delete", "get", "patch", "post", "put"];

pub(crate) fn effect(change: &Change) -> Effect {
    let keys = keys(&change.at);
    let (parent, last) = match keys[..] {
        [.., parent, last] => (parent, last),
        [last] => ("", last),
        [] => return Effect::Breaking,
    };
    let is_new = change.from.is_none();
    let is_words = |key: &&str| WORDS.contains(key) || (key.starts_with("x-") && *key != VALUES);
    if change.is_order() || keys.iter().any(is_words) {
        return Effect::Words;
    }
    let is_compatible = match last {
        "deprecated" | "components" => true,
        // A value more of an open set.
        VALUES => is_new,
        NAME if keys.contains(&"headers") => true,
        NAME => is_new && (EXTENSIBLE.contains(&parent) || parent == "paths"),
        method if METHODS.contains(&method) => is_new && parent == NAME,
        key => {
            is_new
                && (keys.contains(&"headers") || (EXTENSIBLE.contains(&key) && key != "properties"))
        }
    };
    if is_compatible { Effect::Compatible } else { Effect::Breaking }
}

/// The values of an open set.
const VALUES: &str = "x-extensible-enum";
/// Stands for a name.
const NAME: &str = "*";

/// The fields on the way to a place; names of paths, properties and the like are all alike.
fn keys(pointer: &str) -> Vec<&str> {
    let mut keys: Vec<&str> = Vec::new();
    for key in pointer.split('/').skip(1) {
        let is_name = keys.last().is_some_and(|parent| MAPS.contains(parent));
        keys.push(if is_name { NAME } else { key });
    }
    keys
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Effect, effect};
    use crate::regen::diff::Change;

    #[test]
    fn each_rule_holds() {
        use Effect::{Breaking, Compatible, Words};
        let schema = "#/components/schemas/Number";
        let operation = "#/paths/~1v1~1numbers~1{id}/get";
        // What is new, what is gone, what is another.
        let table = [
            ("#/info/version".to_owned(), [Words, Words, Words]),
            (format!("{operation}/description"), [Words, Words, Words]),
            (
                format!("{operation}/responses/200/content/application~1json/example/a"),
                [Words, Words, Words],
            ),
            (format!("{schema}/x-source"), [Words, Words, Words]),
            (format!("{schema}/properties/description"), [Compatible, Breaking, Breaking]),
            (format!("{schema}/properties/a/type"), [Breaking, Breaking, Breaking]),
            (format!("{schema}/properties/a/nullable"), [Breaking, Breaking, Breaking]),
            (format!("{schema}/required"), [Breaking, Breaking, Breaking]),
            (format!("{schema}/title"), [Breaking, Breaking, Breaking]),
            (format!("{schema}/x-extensible-enum"), [Compatible, Breaking, Breaking]),
            (schema.to_owned(), [Compatible, Breaking, Breaking]),
            (operation.to_owned(), [Compatible, Breaking, Breaking]),
            ("#/paths/~1v1~1numbers".to_owned(), [Compatible, Breaking, Breaking]),
            (format!("{operation}/operationId"), [Breaking, Breaking, Breaking]),
            (format!("{operation}/deprecated"), [Compatible, Compatible, Compatible]),
            (format!("{operation}/parameters/0"), [Breaking, Breaking, Breaking]),
            (format!("{operation}/parameters/0/in"), [Breaking, Breaking, Breaking]),
            (format!("{operation}/requestBody"), [Breaking, Breaking, Breaking]),
            (format!("{operation}/responses/410"), [Compatible, Breaking, Breaking]),
            (format!("{operation}/responses/429/headers"), [Compatible, Breaking, Breaking]),
            (
                format!("{operation}/responses/429/headers/Retry-After"),
                [Compatible, Compatible, Compatible],
            ),
            (
                format!("{operation}/responses/200/content/text~1plain"),
                [Breaking, Breaking, Breaking],
            ),
            (format!("{operation}/security"), [Breaking, Breaking, Breaking]),
            ("#/security/0".to_owned(), [Breaking, Breaking, Breaking]),
            ("#/servers/0/url".to_owned(), [Breaking, Breaking, Breaking]),
            ("#/components/securitySchemes/apiKey".to_owned(), [Compatible, Breaking, Breaking]),
            ("#/components/securitySchemes/apiKey/name".to_owned(), [Breaking, Breaking, Breaking]),
        ];
        for (at, [new, gone, other]) in table {
            let (old, value) = (Some(json!(1)), Some(json!(2)));
            let change = |from, to| Change { at: at.clone(), from, to };
            assert_eq!(effect(&change(None, value.clone())), new, "new: {at}");
            assert_eq!(effect(&change(old.clone(), None)), gone, "gone: {at}");
            assert_eq!(effect(&change(old, value)), other, "another: {at}");
        }
        let order = Change {
            at: format!("{schema}/required"),
            from: Some(json!([1, 2])),
            to: Some(json!([2, 1])),
        };
        assert_eq!(effect(&order), Words);
    }
}
