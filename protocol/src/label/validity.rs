//! Until when a label is valid: months from the assessment, renewal from the expiry before (protocol, "Label rules").

use crate::charter::LevelRule;
use crate::time::Month;

/// The last month of validity of an award assessed in `assessed`; `previous` is the expiry of the same
/// cluster's label of this level before it, if there was one.
#[must_use]
pub fn valid_until(rule: &LevelRule, assessed: Month, previous: Option<Month>) -> Month {
    match previous {
        Some(expiry) if assessed.since(expiry) <= i32::from(rule.renewal_window_months) => expiry.plus(rule.renewal_months),
        _ => assessed.plus(rule.first_months),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charter::{Level, ecei_scheme};

    #[test]
    fn renewal_counts_from_the_expiry_within_the_window_only() {
        let scheme = ecei_scheme();
        let rule = scheme.rules.iter().find(|rule| rule.level == Level::Gold).expect("there is a GOLD");
        let month = |text: &str| text.parse::<Month>().expect("month");
        let until = |assessed, previous: Option<&str>| valid_until(rule, month(assessed), previous.map(month)).to_string();
        assert_eq!(until("2026-11", None), "2028-11");
        assert_eq!(until("2028-10", Some("2028-11")), "2031-11");
        assert_eq!(until("2029-11", Some("2028-11")), "2031-11");
        assert_eq!(until("2029-12", Some("2028-11")), "2031-12");
    }
}
