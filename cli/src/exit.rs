//! Exit codes. They are a contract (docs/exit-codes.md): scripts rely on them, tests hold them.

/// How a command ended. `verify` has codes of its own above these (10 to 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Failed in a way that has no code of its own.
    Failed = 1,
    /// The command was wrongly written, or a question was answered with no.
    Usage = 2,
    /// The node is not running or does not answer.
    Unreachable = 3,
    /// Not signed in, or the token lacks the role.
    Denied = 4,
    /// What was named is not there.
    NotFound = 5,
    /// Somebody changed it meanwhile, or it is there already.
    Conflict = 6,
    /// The data did not validate.
    Invalid = 7,
    /// A rule of the federation says no.
    Refused = 8,
}

impl Exit {
    /// The number that the process returns.
    pub(crate) fn number(self) -> u8 {
        self as u8
    }

    /// The exit code of an answer of the API: the first two digits of its problem code are it. Where something else
    /// than a node answered, the HTTP status decides.
    pub(crate) fn of_problem(status: u16, code: &str) -> Self {
        match code.get(..6) {
            Some("PGN-01") => return Self::Failed,
            Some("PGN-04") => return Self::Denied,
            Some("PGN-05") => return Self::NotFound,
            Some("PGN-06") => return Self::Conflict,
            Some("PGN-07") => return Self::Invalid,
            Some("PGN-08") => return Self::Refused,
            _ => {}
        }
        match status {
            401 | 403 => Self::Denied,
            404 => Self::NotFound,
            409 | 412 | 428 => Self::Conflict,
            400 | 413 | 415 | 422 => Self::Invalid,
            502..=504 => Self::Unreachable,
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_api_has_one_exit_code() {
        let codes = [401, 403, 404, 409, 412, 428, 400, 422, 500, 503].map(|status| Exit::of_problem(status, "").number());
        assert_eq!(codes, [4, 4, 5, 6, 6, 6, 7, 7, 1, 3]);
        assert_eq!(Exit::of_problem(409, "PGN-0803"), Exit::Refused);
        assert_eq!(Exit::of_problem(409, "PGN-0601"), Exit::Conflict);
        assert_eq!(Exit::of_problem(405, "PGN-0503"), Exit::NotFound);
        assert_eq!(Exit::of_problem(500, "PGN-é"), Exit::Failed);
    }
}
