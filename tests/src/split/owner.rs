//! What the owner and those who collude with it do: show each witness its story, gather cosignatures, hide the rest.

use parangon_protocol::check;
use parangon_protocol::id::LogId;
use parangon_protocol::log::checkpoint::Checkpoint;
use parangon_protocol::log::note::NoteSignature;
use parangon_protocol::message::Request;
use parangon_protocol::replica::serve;

use super::run::{Mail, Post, Run, TICKS};
use super::world::OWNER;
use crate::sim::disk::Reader;

impl Run<'_> {
    /// What the owner sends of itself, and when everybody looks at its timers.
    pub(super) fn prepare(&mut self) {
        let tells_all = self.rng.chance(300);
        let seats: Vec<(usize, usize)> = self.honest.iter().map(|(seat, witness)| (*seat, witness.story)).collect();
        for (to, story) in seats {
            let last = self.stories[story].size();
            for size in self.common..=last {
                let skipped = size < last && self.rng.chance(300);
                if !skipped {
                    self.post.push(Post { to, from: OWNER, mail: Mail::Show { story, size } });
                }
            }
            if tells_all && self.rng.chance(500) {
                let size = self.stories[1 - story].size();
                self.post.push(Post { to, from: OWNER, mail: Mail::Show { story: 1 - story, size } });
            }
            self.post.extend((0..TICKS).map(|_| Post { to, from: to, mail: Mail::Tick }));
        }
    }

    /// Everything that the owner has, for everybody, and time for questions.
    pub(super) fn show_all(&mut self) {
        for to in self.honest.keys().copied().collect::<Vec<_>>() {
            for story in [0, 1] {
                let sizes: Vec<u64> = self.stories[story].heads(self.common).map(|head| head.size).collect();
                self.post.extend(sizes.into_iter().map(|size| Post { to, from: OWNER, mail: Mail::Note { story, size } }));
            }
            self.post.extend((0..TICKS).map(|_| Post { to, from: to, mail: Mail::Tick }));
        }
    }

    /// The owner and its helpers: they gather cosignatures and show each witness the story that is meant for it.
    pub(super) fn liar_answers(&mut self, liar: usize, from: usize, request: Request) -> Result<(), String> {
        let story = self.honest[&from].story;
        let told = &self.stories[story];
        let (size, mail) = match request {
            Request::Cosigned { log, size, line } => return self.gather(from, &log, size, &line),
            Request::Heads { .. } => (told.size(), None),
            Request::Range { log, start, count } if log == self.world.log => {
                let note = told.note(self.world, told.size()).note;
                let range = serve::range(&Reader(&told.rows), &log, note, told.size(), start, count).ok().flatten();
                (told.size(), Some(Mail::Range(Request::Range { log, start, count }, range)))
            }
            _ => return Ok(()),
        };
        self.post.push(Post { to: from, from: liar, mail: mail.unwrap_or(Mail::Note { story, size }) });
        Ok(())
    }

    fn gather(&mut self, seat: usize, log: &LogId, size: u64, line: &str) -> Result<(), String> {
        if *log != self.world.log {
            return Ok(());
        }
        let fits = |head: &&Checkpoint| check::cosignature(&self.world.book, log, head, line).is_ok();
        let found = [0, 1].map(|story| self.stories[story].heads(0).find(|head| head.size == size).filter(fits).is_some());
        let line = NoteSignature::parse(line).map_err(|error| error.to_string())?;
        for (story, _) in found.into_iter().enumerate().filter(|(_, found)| *found) {
            self.stories[story].collect(size, seat, line.clone());
            // With enough of them the owner shows the head to its audience.
            if self.stories[story].cosigners(size).count() >= self.world.witnesses().threshold() {
                let audience: Vec<usize> = self.honest.iter().filter(|(_, witness)| witness.story == story).map(|(to, _)| *to).collect();
                self.post.extend(audience.into_iter().map(|to| Post { to, from: OWNER, mail: Mail::Note { story, size } }));
            }
        }
        Ok(())
    }
}
