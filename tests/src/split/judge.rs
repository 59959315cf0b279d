//! What must hold in the end, and what a smaller quorum would have let happen.

use parangon_protocol::check;
use parangon_protocol::log::checkpoint::Checkpoint;
use parangon_protocol::log::proof::TlogProof;
use parangon_protocol::message::Head;

use super::run::Run;
use super::world::OWNER;
use crate::sim::federation::secret;

impl Run<'_> {
    /// What no honest witness may have done, and what no two of them may believe.
    pub(super) fn judge(&self) -> Result<(), String> {
        for seat in self.honest.keys() {
            let [first, second] = [0, 1].map(|story| {
                let mut heads = self.stories[story].heads(self.common);
                heads.any(|head| self.stories[story].cosigners(head.size).any(|other| other == *seat))
            });
            if first && second {
                return Err(format!("{} cosigned two heads that contradict each other", self.world.ids[*seat]));
            }
        }
        let believed = |story: usize| {
            let of_story = |head: &Checkpoint| head.size > self.common && self.stories[story].root(head.size) == Some(head.root);
            self.finals.iter().find(|(_, head)| of_story(head)).map(|(seat, head)| (&self.world.ids[*seat], head.size))
        };
        match (believed(0), believed(1)) {
            (Some(one), Some(other)) => Err(format!("two final heads of {}: {one:?} and {other:?}", self.world.log)),
            _ => Ok(()),
        }
    }

    /// The largest quorum by which a reader of one file and a reader of another one believe different stories.
    pub(super) fn largest_split(&mut self) -> usize {
        let best = [0, 1].map(|story| {
            let sizes: Vec<u64> = self.stories[story].heads(self.common).map(|head| head.size).collect();
            sizes.into_iter().map(|size| (self.tally(story, size), size)).max().unwrap_or_default()
        });
        let [(one, first), (other, second)] = best;
        let split = one.min(other);
        let notes = [(0, first), (1, second)].map(|(story, size)| self.stories[story].note(self.world, size).note);
        let accepted = |quorum: usize| {
            let policy = self.world.policy(quorum);
            notes.iter().all(|note| policy.is_some_and(|policy| policy.verify(note).is_ok()))
        };
        assert!(split == 0 || accepted(split), "a program of others reads the quorum of {split} as we do");
        assert!(!accepted(split + 1), "a program of others reads the quorum of {} as we do", split + 1);
        split
    }

    /// How many groups a reader counts who gets this story's first own record in a file, by the head of this size.
    fn tally(&self, story: usize, size: u64) -> usize {
        let file = self.stories[story].file(self.world, self.common, size);
        let proof: TlogProof = file.parse().expect("a file of ours");
        let key = secret("log", OWNER).public();
        proof.verify(&self.stories[story].leaf(self.common), &key, &self.world.origin()).expect("the record is in this story");
        let head = check::head(&self.world.book, &Head { log: self.world.log.clone(), note: proof.checkpoint }).expect("a true note");
        let times = head.cosignatures().iter().map(|(witness, cosignature)| (witness.clone(), cosignature.time));
        self.world.witnesses().tally(times).count()
    }
}
