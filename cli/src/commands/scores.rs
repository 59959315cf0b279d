//! Scores from a spreadsheet, as the API takes them for a review.

use std::path::Path;

use parangon_node::service::spreadsheet::{self, Reading};
use parangon_protocol::catalogue::Catalogue;
use serde_json::{Map, Value, json};

use crate::failure::{Detail, Failure};
use crate::files;

/// Reads `indicator,level[,note]` into `{code: level}`. Rows without a level are left out.
pub(super) fn read(path: &Path, catalogue: &Catalogue) -> Result<Value, Failure> {
    scores(&files::read(path, spreadsheet::FILE_BYTES)?, catalogue)
}

/// An empty spreadsheet of these indicators.
pub(super) fn template(indicators: &[Value]) -> Result<String, Failure> {
    let mut table = ::csv::Writer::from_writer(Vec::new());
    table.write_record(["indicator", "name", "level"]).map_err(Failure::failed)?;
    for indicator in indicators {
        let text = |name| indicator[name].as_str().unwrap_or_default();
        table.write_record([text("code"), text("name"), ""]).map_err(Failure::failed)?;
    }
    let bytes = table.into_inner().map_err(|error| Failure::failed(error.into_error()))?;
    String::from_utf8(bytes).map_err(Failure::failed)
}

fn scores(bytes: &[u8], catalogue: &Catalogue) -> Result<Value, Failure> {
    let Reading { rows, problems, .. } = spreadsheet::read_scores(bytes, catalogue, None);
    if let Some(first) = problems.first() {
        let mut failure = Failure::invalid(format!("{}: {}; nothing was sent", first.place(), first.problem));
        let detail = |problem: &spreadsheet::Problem| Detail { pointer: problem.place(), detail: problem.problem.clone() };
        failure.problem.errors = problems.iter().map(detail).collect();
        return Err(failure);
    }
    if rows.iter().any(|row| row.note.as_ref().is_some_and(|note| !note.is_empty())) {
        return Err(Failure::invalid("a review carries no notes per indicator; put them into a text and add --findings FILE"));
    }
    let answered = rows.into_iter().filter_map(|row| Some((row.indicator.to_string(), json!(row.answer?))));
    Ok(Value::Object(answered.collect::<Map<_, _>>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn an_empty_spreadsheet_can_be_read_back() {
        let catalogue = Catalogue::ecei();
        let indicators: Vec<_> = catalogue.indicators.iter().map(|i| json!({ "code": i.code, "name": "a, \"b\"" })).collect();
        let text = template(&indicators).expect("text");
        assert_eq!(text.lines().count(), catalogue.indicators.len() + 1);
        assert_eq!(scores(text.as_bytes(), catalogue), Ok(json!({})));
    }

    #[test]
    fn a_spreadsheet_becomes_an_object() {
        let ecei = Catalogue::ecei();
        let code = &ecei.indicators[0].code;
        assert_eq!(scores(format!("indicator,level\n{code},3\n").as_bytes(), ecei), Ok(json!({ code.as_str(): 3 })));
        assert_eq!(scores(format!("indicator,level\n{code},9\n").as_bytes(), ecei).expect_err("a level").exit, Exit::Invalid);
        assert_eq!(scores(format!("indicator,level,note\n{code},3,good\n").as_bytes(), ecei).expect_err("a note").exit, Exit::Invalid);
    }
}
