//! Two people of the agency agree on what cannot be unmade: the first one's decision waits with the offer until another one decides
//! the same. Who is another is all that a node can tell: another token, or another user of the machine.

use parangon_protocol::id::Hash;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{OfferView, Offered, item, load};
use crate::service::roles::Actor;
use crate::service::{Context, Error};

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// To issue the label.
    Issue,
    /// To uphold an appeal.
    Uphold,
    /// To dismiss it.
    Dismiss,
}

impl What {
    fn words(self) -> &'static str {
        match self {
            Self::Issue => "to issue the label",
            Self::Uphold => "to uphold the appeal",
            Self::Dismiss => "to dismiss the appeal",
        }
    }
}

/// What one person decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Decided {
    what: What,
    by: Actor,
    at: Timestamp,
    /// SHA-256 of what was shown.
    content: Hash,
}

/// A decision that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DecisionView {
    /// `decided`.
    pub state: &'static str,
    /// What.
    pub decision: What,
    /// Who: a token with its name, or a user's number.
    pub by: String,
    /// When.
    #[schema(value_type = String)]
    pub since: Timestamp,
    /// SHA-256 of what was shown and has to be the same when the second person confirms.
    pub content: String,
    /// What to do now.
    pub next_step: &'static str,
}

impl Decided {
    pub(super) fn at(&self) -> Timestamp {
        self.at
    }

    pub(super) fn view(&self) -> DecisionView {
        DecisionView {
            state: "decided",
            decision: self.what,
            by: self.by.to_string(),
            since: self.at,
            content: self.content.to_string(),
            next_step: "another person confirms with the same command",
        }
    }
}

/// What came of a decision.
pub(crate) enum Agreed {
    /// It is carried out now: two have decided it, or one is enough.
    Both,
    /// It is the first one.
    First(DecisionView),
    /// Another one had decided on something that is not so any more. That decision is gone.
    Void {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
}

impl Offered {
    /// Takes what `by` decides on `content`. The caller stores the offer.
    pub(crate) fn agree(&mut self, context: &Context, what: What, content: Hash, by: &Actor) -> Result<Agreed, Error> {
        if !context.policy().two_people {
            return Ok(Agreed::Both);
        }
        let held = self.decision.take();
        if let Some(held) = held.filter(|held| held.what == what || !held.by.is(by)) {
            if held.what != what {
                let state = format!("decided on by {}, {}", held.by, held.what.words());
                self.decision = Some(held);
                return Err(Error::State { what: "offer", state, needed: "speak with each other; the first decision can be taken back" });
            }
            match (held.by.is(by), held.content == content) {
                (true, true) => {
                    let at = held.at;
                    self.decision = Some(held);
                    return Err(Error::SamePerson { at });
                }
                (false, true) => return Ok(Agreed::Both),
                (false, false) => return Ok(Agreed::Void { by: held.by.to_string(), at: held.at }),
                // The same person saw that it is another one, and decides anew.
                (true, false) => {}
            }
        }
        let decided = Decided { what, by: by.clone(), at: context.now(), content };
        let view = decided.view();
        self.decision = Some(decided);
        Ok(Agreed::First(view))
    }
}

/// Takes a decision back that waits for a second person. Whoever may decide may do that.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::State`] when none waits.
pub async fn take_back(context: &Context, id: &str) -> Result<OfferView, Error> {
    // Not while a label is issued: a decision that was taken back must not be carried out.
    let _one = context.issuing().lock().await;
    let id = id.to_owned();
    let take = move |context: &Context| {
        context.transact(|tx| {
            let mut offered = load(tx, &id)?;
            if offered.decision.take().is_none() {
                return Err(Error::State { what: "offer", state: offered.state().into(), needed: "no decision waits for a second person" });
            }
            item::put(tx, &id, &offered)?;
            offered.view(context)
        })
    };
    context.run(take).await
}
