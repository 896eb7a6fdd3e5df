//! The objects of an OpenAPI document and what each of their fields holds: what the down-conversion
//! allows and what the later stages walk through.

use Kind::{
    Callback, Components, Contact, Document, Encoding, Example, ExternalDocs, Flow, Flows, Header,
    Info, License, Link, MediaType, Operation, Parameter, PathItem, RequestBody, Response, Schema,
    SecurityScheme, Server, ServerVariable, Tag,
};
use Rule::{Dialect, List, Named, One, OneOf, Patterned, Same, Version};

/// What a place of the document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Callback,
    Components,
    Contact,
    Document,
    Encoding,
    Example,
    ExternalDocs,
    Flow,
    Flows,
    Header,
    Info,
    License,
    Link,
    MediaType,
    Operation,
    Parameter,
    PathItem,
    RequestBody,
    Response,
    Schema,
    SecurityScheme,
    Server,
    ServerVariable,
    Tag,
}

/// How the value of a field is converted.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// It means the same in both versions, and holds no schema.
    Same,
    /// It is the version of OpenAPI.
    Version,
    /// It says what 3.0 takes for granted.
    Dialect,
    /// It is one of these values: others are new in 3.1.
    OneOf(&'static [&'static str]),
    /// It holds one object.
    One(Kind),
    /// It holds a list of objects.
    List(Kind),
    /// It maps names to objects.
    Named(Kind),
    /// It maps patterned keys to objects and may hold extensions.
    Patterned(Kind),
}

impl Kind {
    /// The name that a field has in 3.0 and how its value is converted, if the field is known.
    pub(crate) fn field(self, key: &str) -> Option<(&str, Rule)> {
        let (_, rule) = self.fields().iter().find(|(name, _)| *name == key)?;
        let name = match (self, key) {
            (Document, "webhooks") => "x-webhooks",
            (Info, "summary") => "x-summary",
            (License, "identifier") => "x-identifier",
            _ => key,
        };
        Some((name, *rule))
    }

    /// Whether a reference may stand for such an object; a path item has a `$ref` of its own.
    pub(crate) fn may_be_a_reference(self) -> bool {
        matches!(
            self,
            Callback
                | Example
                | Header
                | Link
                | Parameter
                | RequestBody
                | Response
                | SecurityScheme
        )
    }

    /// The fields that 3.0 has an equivalent for.
    fn fields(self) -> &'static [(&'static str, Rule)] {
        match self {
            Document => DOCUMENT,
            Info => INFO,
            Contact => &[("name", Same), ("url", Same), ("email", Same)],
            License => &[("name", Same), ("url", Same), ("identifier", Same)],
            Server => &[("url", Same), ("description", Same), ("variables", Named(ServerVariable))],
            ServerVariable => &[("enum", Same), ("default", Same), ("description", Same)],
            Tag => &[("name", Same), ("description", Same), ("externalDocs", One(ExternalDocs))],
            ExternalDocs => &[("url", Same), ("description", Same)],
            PathItem => PATH_ITEM,
            Operation => OPERATION,
            Parameter => PARAMETER,
            Header => HEADER,
            RequestBody => {
                &[("description", Same), ("required", Same), ("content", Named(MediaType))]
            }
            MediaType => MEDIA_TYPE,
            Encoding => ENCODING,
            Response => RESPONSE,
            Example => &[
                ("summary", Same),
                ("description", Same),
                ("value", Same),
                ("externalValue", Same),
            ],
            Link => LINK,
            Components => COMPONENTS,
            SecurityScheme => SECURITY_SCHEME,
            Flows => FLOWS,
            Flow => &[
                ("authorizationUrl", Same),
                ("tokenUrl", Same),
                ("refreshUrl", Same),
                ("scopes", Same),
            ],
            // Their keys are patterns or keywords, which the walk takes care of.
            Callback | Schema => &[],
        }
    }
}

const DOCUMENT: &[(&str, Rule)] = &[
    ("openapi", Version),
    ("info", One(Info)),
    ("jsonSchemaDialect", Dialect),
    ("servers", List(Server)),
    ("paths", Patterned(PathItem)),
    ("webhooks", Named(PathItem)),
    ("components", One(Components)),
    ("security", Same),
    ("tags", List(Tag)),
    ("externalDocs", One(ExternalDocs)),
];

const INFO: &[(&str, Rule)] = &[
    ("title", Same),
    ("summary", Same),
    ("description", Same),
    ("termsOfService", Same),
    ("contact", One(Contact)),
    ("license", One(License)),
    ("version", Same),
];

const PATH_ITEM: &[(&str, Rule)] = &[
    ("$ref", Same),
    ("summary", Same),
    ("description", Same),
    ("get", One(Operation)),
    ("put", One(Operation)),
    ("post", One(Operation)),
    ("delete", One(Operation)),
    ("options", One(Operation)),
    ("head", One(Operation)),
    ("patch", One(Operation)),
    ("trace", One(Operation)),
    ("servers", List(Server)),
    ("parameters", List(Parameter)),
];

const OPERATION: &[(&str, Rule)] = &[
    ("tags", Same),
    ("summary", Same),
    ("description", Same),
    ("externalDocs", One(ExternalDocs)),
    ("operationId", Same),
    ("parameters", List(Parameter)),
    ("requestBody", One(RequestBody)),
    ("responses", Patterned(Response)),
    ("callbacks", Named(Callback)),
    ("deprecated", Same),
    ("security", Same),
    ("servers", List(Server)),
];

const PARAMETER: &[(&str, Rule)] = &[
    ("name", Same),
    ("in", Same),
    ("description", Same),
    ("required", Same),
    ("deprecated", Same),
    ("allowEmptyValue", Same),
    ("style", Same),
    ("explode", Same),
    ("allowReserved", Same),
    ("schema", One(Schema)),
    ("example", Same),
    ("examples", Named(Example)),
    ("content", Named(MediaType)),
];

const HEADER: &[(&str, Rule)] = &[
    ("description", Same),
    ("required", Same),
    ("deprecated", Same),
    ("style", Same),
    ("explode", Same),
    ("schema", One(Schema)),
    ("example", Same),
    ("examples", Named(Example)),
    ("content", Named(MediaType)),
];

const MEDIA_TYPE: &[(&str, Rule)] = &[
    ("schema", One(Schema)),
    ("example", Same),
    ("examples", Named(Example)),
    ("encoding", Named(Encoding)),
];

const ENCODING: &[(&str, Rule)] = &[
    ("contentType", Same),
    ("headers", Named(Header)),
    ("style", Same),
    ("explode", Same),
    ("allowReserved", Same),
];

const RESPONSE: &[(&str, Rule)] = &[
    ("description", Same),
    ("headers", Named(Header)),
    ("content", Named(MediaType)),
    ("links", Named(Link)),
];

const LINK: &[(&str, Rule)] = &[
    ("operationRef", Same),
    ("operationId", Same),
    ("parameters", Same),
    ("requestBody", Same),
    ("description", Same),
    ("server", One(Server)),
];

const COMPONENTS: &[(&str, Rule)] = &[
    ("schemas", Named(Schema)),
    ("responses", Named(Response)),
    ("parameters", Named(Parameter)),
    ("examples", Named(Example)),
    ("requestBodies", Named(RequestBody)),
    ("headers", Named(Header)),
    ("securitySchemes", Named(SecurityScheme)),
    ("links", Named(Link)),
    ("callbacks", Named(Callback)),
];

const SECURITY_SCHEME: &[(&str, Rule)] = &[
    ("type", OneOf(&["apiKey", "http", "oauth2", "openIdConnect"])),
    ("description", Same),
    ("name", Same),
    ("in", Same),
    ("scheme", Same),
    ("bearerFormat", Same),
    ("flows", One(Flows)),
    ("openIdConnectUrl", Same),
];

const FLOWS: &[(&str, Rule)] = &[
    ("implicit", One(Flow)),
    ("password", One(Flow)),
    ("clientCredentials", One(Flow)),
    ("authorizationCode", One(Flow)),
];
