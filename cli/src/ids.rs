//! Ids may be shortened to any unique beginning of four characters or more.

use serde_json::Value;

use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::short;

/// Characters of an id at least. Fewer would soon name something else.
const SHORTEST: usize = 4;

/// The whole id that `given` begins, among those in the list at `path`. An id of `whole` characters is not looked up.
pub(crate) fn resolve(client: &Client, path: &str, field: &str, given: &str, whole: usize) -> Result<String, Failure> {
    check(given)?;
    if given.rsplit('/').next().unwrap_or_default().len() == whole {
        return Ok(given.to_owned());
    }
    choose(&client.list(path, None)?, field, given)
}

fn check(given: &str) -> Result<(), Failure> {
    let tail = given.rsplit('/').next().unwrap_or_default();
    if tail.len() < SHORTEST {
        return Err(Failure::usage(format!("{given:?} is too short for an id: {SHORTEST} characters at least")));
    }
    if given.chars().all(|c| c.is_ascii_alphanumeric() || "-_/".contains(c)) {
        Ok(())
    } else {
        Err(Failure::usage(format!("{given:?} is not an id")))
    }
}

fn choose(list: &[Value], field: &str, given: &str) -> Result<String, Failure> {
    let begins = |id: &str| id.starts_with(given) || id.split_once('/').is_some_and(|(_, rest)| rest.starts_with(given));
    let mut found: Vec<&str> = list.iter().filter_map(|item| item[field].as_str()).filter(|id| begins(id)).collect();
    if let Some(exact) = found.iter().find(|id| **id == given) {
        return Ok((*exact).to_owned());
    }
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(Failure::new(Exit::NotFound, format!("nothing has an id that begins with {given:?}"))),
        many => {
            let shown: Vec<String> = many.iter().take(5).map(|id| short(id)).collect();
            Err(Failure::usage(format!("{} ids begin with {given:?}: {} …", many.len(), shown.join(", "))).next("type more of it"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list() -> Vec<Value> {
        vec![json!({ "id": "oslo/aaaabbbb" }), json!({ "id": "oslo/aaaacccc" }), json!({ "id": "12345678" }), json!({ "id": "1234" })]
    }

    #[test]
    fn a_unique_beginning_is_enough() {
        assert_eq!(choose(&list(), "id", "aaaab"), Ok("oslo/aaaabbbb".to_owned()));
        assert_eq!(choose(&list(), "id", "oslo/aaaac"), Ok("oslo/aaaacccc".to_owned()));
        assert_eq!(choose(&list(), "id", "1234"), Ok("1234".to_owned()), "a whole id wins over longer ones");
        assert_eq!(choose(&list(), "id", "aaaa").expect_err("two").exit, Exit::Usage);
        assert_eq!(choose(&list(), "id", "ffff").expect_err("none").exit, Exit::NotFound);
    }

    #[test]
    fn three_characters_or_a_path_are_no_id() {
        for bad in ["", "abc", "oslo/abc", "../../x/yyyy", "abcd?x=1", "abcd efgh"] {
            assert_eq!(check(bad).expect_err(bad).exit, Exit::Usage, "{bad}");
        }
        assert!(check("abcd").is_ok() && check("oslo/abcd").is_ok());
    }
}
