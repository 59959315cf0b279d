//! How published counts are changed, from the options of `parangon federation propose`.

use std::str::FromStr;

use parangon_protocol::charter::{BASES, Disclosure, Noise};

/// `MAX:VARIANCE`, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noisy(Option<Noise>);

impl FromStr for Noisy {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let shape = || "the most clusters and a variance with one decimal at most, such as 3:2.0, or none".to_owned();
        let (maximum, variance) = text.split_once(':').ok_or_else(shape)?;
        let (whole, tenth) = variance.split_once('.').unwrap_or((variance, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(maximum) || !is_number(whole) || !is_number(tenth) || tenth.len() != 1 {
            return Err(shape());
        }
        let tenths = format!("{whole}{tenth}").parse().map_err(|_| shape())?;
        Ok(Self(Some(Noise { maximum: maximum.parse().map_err(|_| shape())?, tenths })))
    }
}

/// `BASE`, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rounded(Option<u32>);

impl FromStr for Rounded {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let base = text.parse().ok().filter(|base| BASES.contains(base));
        base.map(|base| Self(Some(base))).ok_or_else(|| format!("one of {}, or none", BASES.map(|base| base.to_string()).join(", ")))
    }
}

/// What is asked for. Whoever asks for one of them gives the other one up.
pub(super) fn put(noise: Option<Noisy>, rounding: Option<Rounded>, rule: &mut Disclosure) {
    if let Some(Noisy(noise)) = noise {
        rule.noise = noise;
        rule.rounding = rule.rounding.filter(|_| noise.is_none());
    }
    if let Some(Rounded(rounding)) = rounding {
        rule.rounding = rounding;
        rule.noise = rule.noise.filter(|_| rounding.is_none());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_a_maximum_and_a_variance_and_rounding_a_base() {
        for (text, maximum, tenths) in [("3:2.0", 3, 20), ("5:2", 5, 20), ("10:12.5", 10, 125)] {
            assert_eq!(text.parse(), Ok(Noisy(Some(Noise { maximum, tenths }))), "{text}");
        }
        assert_eq!(("none".parse(), "none".parse()), (Ok(Noisy(None)), Ok(Rounded(None))));
        for wrong in ["", "3", "3:", ":2", "3:2.", "3:.5", "3:2.05", "3:-1", "-3:2", "+3:2", "256:2", "3:99999999999", "3:2:1", "3:2,0"] {
            assert!(wrong.parse::<Noisy>().is_err(), "{wrong}");
        }
        assert_eq!("5".parse(), Ok(Rounded(Some(5))));
        for wrong in ["", "0", "2", "4", "-5", "100", "5.0"] {
            assert!(wrong.parse::<Rounded>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn noise_and_rounding_give_way_to_each_other() {
        let noise = Noise { maximum: 3, tenths: 20 };
        let mut rule = Disclosure::new(5, 2);
        let mut after = |noise: Option<Noisy>, rounding: Option<Rounded>| {
            put(noise, rounding, &mut rule);
            (rule.noise, rule.rounding)
        };
        assert_eq!(after(Some(Noisy(Some(noise))), None), (Some(noise), None));
        assert_eq!(after(None, Some(Rounded(None))), (Some(noise), None));
        assert_eq!(after(None, Some(Rounded(Some(5)))), (None, Some(5)));
        assert_eq!(after(Some(Noisy(None)), None), (None, Some(5)));
        assert_eq!(after(None, None), (None, Some(5)));
        assert_eq!(after(Some(Noisy(Some(noise))), None), (Some(noise), None));
    }
}
