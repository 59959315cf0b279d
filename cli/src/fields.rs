//! Fields of the API's answers, as text for people. A missing field is `-`, never an error: newer nodes may leave
//! fields out or add some.

use serde_json::Value;

/// The field as text; lists are joined, objects are shown by their `id` or `name`.
pub(crate) fn text(value: &Value, name: &str) -> String {
    shown(&value[name])
}

/// The field as text when it is one.
pub(crate) fn plain<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str()
}

/// The field as a list; what is none is empty.
pub(crate) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// A long id in the form that people type: its first twelve characters, for a cluster after the slash.
pub(crate) fn short(id: &str) -> String {
    match id.split_once('/') {
        Some((agency, rest)) => format!("{agency}/{}", short(rest)),
        None => id.chars().take(12).collect(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => "-".to_owned(),
        Value::Array(list) => list.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(_) => ["name", "agency", "id"].iter().find_map(|name| plain(value, name)).unwrap_or("-").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_field_has_a_text() {
        let value = json!({ "a": null, "b": true, "n": 3, "l": ["x", { "id": "y" }], "o": { "name": "z" }, "e": [] });
        let texts = ["a", "b", "n", "l", "o", "e", "missing"].map(|name| text(&value, name));
        assert_eq!(texts, ["-", "yes", "3", "x, y", "z", "-", "-"]);
    }

    #[test]
    fn short_ids_can_be_typed() {
        assert_eq!(short("0123456789abcdef"), "0123456789ab");
        assert_eq!(short("oslo/0123456789abcdef"), "oslo/0123456789ab");
    }
}
