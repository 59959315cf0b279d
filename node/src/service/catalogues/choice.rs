//! On which catalogue an assessment is made, from what it is for.

use parangon_protocol::charter::{CatalogueRef, Charter, Level};
use parangon_protocol::id::{CatalogueId, SchemeId};

use crate::service::Error;

/// What was said about a new assessment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sought<'a> {
    pub(crate) catalogue: Option<&'a str>,
    pub(crate) scheme: Option<&'a str>,
    pub(crate) level: Option<&'a str>,
}

/// One rule of the charter, as far as it matters here.
type Use<'a> = (&'a SchemeId, Level, &'a CatalogueId);

/// The one catalogue of the charter that fits all that was said.
///
/// # Errors
/// [`Error::Field`] when none does, or several do: with what to say.
pub(crate) fn choose(charter: &Charter, sought: Sought<'_>) -> Result<CatalogueRef, Error> {
    let catalogue = sought.catalogue.map(|id| id.parse::<CatalogueId>().map_err(Error::name("/catalogue"))).transpose()?;
    let scheme = sought.scheme.map(|id| id.parse::<SchemeId>().map_err(Error::name("/scheme"))).transpose()?;
    let level = sought.level.map(|level| level.parse::<Level>().map_err(Error::name("/level"))).transpose()?;
    let is_listed = |id: &CatalogueId| charter.catalogue(id).is_some();
    if catalogue.as_ref().is_some_and(|id| !is_listed(id)) {
        let listed: Vec<_> = charter.catalogues.iter().map(|catalogue| catalogue.id.as_str()).collect();
        return Err(Error::field("/catalogue", format!("the charter lists {}", listed.join(", "))));
    }
    let all: Vec<Use<'_>> =
        charter.schemes.iter().flat_map(|scheme| scheme.rules.iter().map(|rule| (&scheme.id, rule.level, &rule.catalogue))).collect();
    let fits = |(of, at, _): &Use<'_>| scheme.as_ref().is_none_or(|scheme| scheme == *of) && level.is_none_or(|level| level == *at);
    let fitting: Vec<Use<'_>> = all.iter().copied().filter(fits).collect();
    let none = || {
        let pointer = if level.is_some() { "/level" } else { "/scheme" };
        Error::field(pointer, format!("the charter has no such label; {}", uses(&all)))
    };
    // A catalogue may be listed that no level needs any more, or not yet.
    let free = scheme.is_none() && level.is_none();
    let chosen = match catalogue {
        Some(id) if free || fitting.iter().any(|(.., of)| **of == id) => id,
        _ if fitting.is_empty() && !free => return Err(none()),
        Some(_) => return Err(Error::field("/catalogue", format!("another one is used: {}", uses(&fitting)))),
        None => match (free, &charter.catalogues[..]) {
            (true, [only]) => only.id.clone(),
            _ => only(&fitting, level.is_some())?.clone(),
        },
    };
    charter.catalogue(&chosen).cloned().ok_or_else(none)
}

/// The catalogue that all of them use.
fn only<'a>(fitting: &[Use<'a>], level_said: bool) -> Result<&'a CatalogueId, Error> {
    match fitting {
        [(.., first), rest @ ..] if rest.iter().all(|(.., other)| other == first) => Ok(first),
        _ if level_said => Err(Error::field("/scheme", format!("name the label system (--scheme), or the catalogue: {}", uses(fitting)))),
        _ => Err(Error::field("/level", format!("name the level sought (--level), or the catalogue: {}", uses(fitting)))),
    }
}

/// "ecei-bronze-2026 for BRONZE (ecei); ecei-2026 for SILVER, GOLD (ecei)".
fn uses(rules: &[Use<'_>]) -> String {
    let mut groups: Vec<(&CatalogueId, &SchemeId, Vec<&'static str>)> = Vec::new();
    for (scheme, level, catalogue) in rules {
        match groups.iter_mut().find(|(of, by, _)| of == catalogue && by == scheme) {
            Some((.., levels)) => levels.push(level.as_str()),
            None => groups.push((catalogue, scheme, vec![level.as_str()])),
        }
    }
    let line =
        |(catalogue, scheme, levels): &(&CatalogueId, &SchemeId, Vec<&str>)| format!("{catalogue} for {} ({scheme})", levels.join(", "));
    groups.iter().map(line).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use parangon_protocol::charter::{bundled_catalogues, demo_scheme, ecei_scheme};

    use super::*;
    use crate::service::tests::support::charter_of;

    /// BRONZE on one catalogue, SILVER and GOLD on another.
    fn ecei() -> Charter {
        let scheme = ecei_scheme();
        Charter { catalogues: bundled_catalogues(&scheme), schemes: vec![scheme], ..charter_of(vec![]) }
    }

    fn chosen(charter: &Charter, catalogue: &str, scheme: &str, level: &str) -> Result<String, String> {
        let said = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let sought = Sought { catalogue: said(catalogue), scheme: said(scheme), level: said(level) };
        choose(charter, sought).map(|found| found.id.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_level_says_which() {
        let charter = ecei();
        for (level, wanted) in [("bronze", "ecei-bronze-2026"), ("SILVER", "ecei-2026"), ("gold", "ecei-2026")] {
            for scheme in ["", "ecei"] {
                assert_eq!(chosen(&charter, "", scheme, level).as_deref(), Ok(wanted), "{scheme} {level}");
            }
            assert_eq!(chosen(&charter, wanted, "", level).as_deref(), Ok(wanted));
        }
        assert_eq!(chosen(&charter, "ecei-2026", "", "").as_deref(), Ok("ecei-2026"), "the catalogue alone is enough");
    }

    #[test]
    fn what_is_ambiguous_names_what_there_is() {
        let uses = "ecei-bronze-2026 for BRONZE (ecei); ecei-2026 for SILVER, GOLD (ecei)";
        for scheme in ["", "ecei"] {
            let error = chosen(&ecei(), "", scheme, "").expect_err("two catalogues");
            assert!(error.contains("--level") && error.contains(uses), "{error}");
        }
        let mut two = ecei();
        two.schemes.push(demo_scheme());
        let error = chosen(&two, "", "", "bronze").expect_err("two schemes");
        assert!(error.contains("--scheme") && error.contains(&format!("({})", demo_scheme().id)), "{error}");
        assert_eq!(chosen(&two, "", "ecei", "bronze").as_deref(), Ok("ecei-bronze-2026"));
        assert_eq!(chosen(&two, "", "", "gold").as_deref(), Ok("ecei-2026"), "both use the same");
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let charter = ecei();
        let error = chosen(&charter, "ecei-2026", "", "bronze").expect_err("another catalogue");
        assert!(error.contains("ecei-bronze-2026 for BRONZE"), "{error}");
        for (catalogue, scheme, level) in
            [("nord-2026", "", ""), ("", "nord", ""), ("", "nord", "gold"), ("", "", "platinum"), ("", "ecei", "iron")]
        {
            assert!(chosen(&charter, catalogue, scheme, level).is_err(), "{catalogue} {scheme} {level}");
        }
        let mut short = ecei();
        short.schemes[0].rules.retain(|rule| rule.level == Level::Gold);
        assert!(chosen(&short, "", "", "bronze").expect_err("no BRONZE").contains("the charter has no such label"));
    }

    #[test]
    fn the_only_catalogue_needs_no_word() {
        let charter = charter_of(vec![]);
        assert_eq!(chosen(&charter, "", "", "").as_deref(), Ok("ecei-2026"));
    }
}
