//! A JSON-LD document as a tree of named nodes, and its two texts. Both come from one tree, so they cannot say
//! different things.

use std::borrow::Cow;

use super::proof::ProofOptions;
use super::rdf::Quads;
use crate::canonical::Value;
use crate::label::ProofValue;

/// The contexts that the names in [`super::vocabulary`] come from: exactly these, in this order. Nothing fetches them.
const CONTEXTS: [&str; 3] = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
];

const RDF_TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

/// A property: its name in JSON and what the contexts make of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    pub(super) name: &'static str,
    pub(super) iri: &'static str,
    pub(super) datatype: Option<&'static str>,
}

/// A type: its name in JSON and its IRI.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    pub(super) name: &'static str,
    pub(super) iri: &'static str,
}

/// How a node's types are written in JSON.
#[derive(Debug, Clone, Copy)]
pub(super) enum Types {
    /// Not at all.
    None,
    /// As a text.
    One(Class),
    /// As a list.
    List(&'static [Class]),
}

/// What a property holds.
#[derive(Debug)]
pub(super) enum Field<'a> {
    Text(Cow<'a, str>),
    /// A node named but not described here; its JSON is the bare IRI.
    Iri(String),
    Node(Node<'a>),
    List(Vec<Node<'a>>),
}

/// A thing with a name.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) id: String,
    pub(super) types: Types,
    pub(super) fields: Vec<(&'static Term, Field<'a>)>,
}

impl Node<'_> {
    /// Its statements and those of the nodes in it.
    pub(super) fn quads(&self) -> Quads {
        // A label with two endorsements has 39 lines, about 9 KiB.
        let mut quads = Quads::with_capacity(12 * 1024, 48);
        self.state(&mut quads);
        quads
    }

    fn state(&self, out: &mut Quads) {
        for class in self.types.as_slice() {
            out.link(&self.id, RDF_TYPE, class.iri);
        }
        for (term, field) in &self.fields {
            match field {
                Field::Text(text) => out.text(&self.id, term.iri, text, term.datatype),
                Field::Iri(iri) => out.link(&self.id, term.iri, iri),
                Field::Node(node) => node.state_under(&self.id, term, out),
                Field::List(nodes) => nodes.iter().for_each(|node| node.state_under(&self.id, term, out)),
            }
        }
    }

    fn state_under(&self, parent: &str, term: &Term, out: &mut Quads) {
        out.link(parent, term.iri, &self.id);
        self.state(out);
    }

    /// The whole credential in JCS.
    pub(super) fn to_json(&self, options: &ProofOptions, proof: &ProofValue) -> String {
        let mut entries = self.entries();
        let contexts = CONTEXTS.iter().map(|context| Value::Text((*context).to_owned())).collect();
        entries.push(("@context".to_owned(), Value::List(contexts)));
        entries.push(("proof".to_owned(), options.to_value(proof)));
        Value::Object(entries).to_text()
    }

    fn entries(&self) -> Vec<(String, Value)> {
        let mut entries = vec![("id".to_owned(), Value::Text(self.id.clone()))];
        let name = |class: &Class| Value::Text(class.name.to_owned());
        match self.types {
            Types::None => {}
            Types::One(class) => entries.push(("type".to_owned(), name(&class))),
            Types::List(classes) => entries.push(("type".to_owned(), Value::List(classes.iter().map(name).collect()))),
        }
        for (term, field) in &self.fields {
            let value = match field {
                Field::Text(text) => Value::Text(text.clone().into_owned()),
                Field::Iri(iri) => Value::Text(iri.clone()),
                Field::Node(node) => Value::Object(node.entries()),
                Field::List(nodes) => Value::List(nodes.iter().map(|node| Value::Object(node.entries())).collect()),
            };
            entries.push((term.name.to_owned(), value));
        }
        entries
    }
}

impl Types {
    fn as_slice(&self) -> &[Class] {
        match self {
            Self::None => &[],
            Self::One(class) => std::slice::from_ref(class),
            Self::List(classes) => classes,
        }
    }
}
