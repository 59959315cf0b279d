//! Why a command did not do what was asked: what happened, what to do, and the exit code.

use serde::{Deserialize, Serialize};

use crate::exit::Exit;

/// One field that did not validate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Detail {
    /// Where: a JSON pointer, or a row and column.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) pointer: String,
    /// What is wrong there.
    #[serde(default)]
    pub(crate) detail: String,
}

/// The fields of an RFC 9457 problem. The node sends them; failures of the command line itself have the same ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// Stable. Its first two digits are the exit code; `00` follows when the command line itself failed.
    #[serde(default)]
    pub(crate) code: String,
    /// What happened, in a few words.
    #[serde(default)]
    pub(crate) title: String,
    /// What happened here.
    #[serde(default)]
    pub(crate) detail: String,
    /// The HTTP status, when a node answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_step: Option<String>,
    /// One entry a field that did not validate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<Detail>,
}

/// What a command returns instead of its result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problem.detail)]
pub(crate) struct Failure {
    /// How the process ends.
    pub(crate) exit: Exit,
    /// What is shown. Boxed: results are returned by value everywhere.
    pub(crate) problem: Box<Problem>,
}

impl Failure {
    /// A failure of the command line itself. `detail` is any error or text.
    pub(crate) fn new(exit: Exit, detail: impl std::fmt::Display) -> Self {
        let title = match exit {
            Exit::Failed => "The command failed",
            Exit::Usage => "The command cannot be run like this",
            Exit::Unreachable => "The node does not answer",
            Exit::Denied => "Not allowed",
            Exit::NotFound => "Not found",
            Exit::Conflict => "Something else is there already",
            Exit::Invalid => "The data did not validate",
            Exit::Refused => "A rule of the federation says no",
        };
        let code = format!("PGN-{:02}00", exit.number());
        let problem = Problem { code, title: title.to_owned(), detail: detail.to_string(), ..Problem::default() };
        Self { exit, problem: Box::new(problem) }
    }

    /// An answer of the API.
    pub(crate) fn answered(status: u16, mut problem: Problem) -> Self {
        problem.status = Some(status);
        Self { exit: Exit::of_problem(status, &problem.code), problem: Box::new(problem) }
    }

    /// The same, with what to do about it.
    pub(crate) fn next(mut self, step: impl Into<String>) -> Self {
        self.problem.next_step = Some(step.into());
        self
    }

    /// Wrong use: exit code 2.
    pub(crate) fn usage(detail: impl std::fmt::Display) -> Self {
        Self::new(Exit::Usage, detail)
    }

    /// Data that does not validate: exit code 7.
    pub(crate) fn invalid(detail: impl std::fmt::Display) -> Self {
        Self::new(Exit::Invalid, detail)
    }

    /// Anything else: exit code 1.
    pub(crate) fn failed(detail: impl std::fmt::Display) -> Self {
        Self::new(Exit::Failed, detail)
    }
}
