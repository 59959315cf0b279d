//! The way from all others to one node: it counts what goes there, and breaks where a test wants it to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::Desk;
use super::nodes::{PATIENCE, port};

const PREFIX: &str = "/ip4/127.0.0.1/tcp/";

/// The port on which a node listens to others, with the settings that it stands in.
fn listening(desk: &Desk, id: &str) -> (u16, String) {
    let text = std::fs::read_to_string(desk.path(id).join("parangon.toml")).expect("a configuration");
    let begin = text.find(PREFIX).expect("an address") + PREFIX.len();
    let digits: String = text[begin..].chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().expect("a port"), text)
}

/// The same without them.
pub(crate) fn port_of(desk: &Desk, id: &str) -> u16 {
    listening(desk, id).0
}

/// Lets a node listen elsewhere than its card says; returns both ports. Whoever dials the old one finds nobody.
pub(crate) fn hide(desk: &Desk, id: &str) -> (u16, u16) {
    let (card, text) = listening(desk, id);
    let elsewhere = port();
    let moved = text.replacen(&format!("{PREFIX}{card}"), &format!("{PREFIX}{elsewhere}"), 1);
    std::fs::write(desk.path(id).join("parangon.toml"), moved).expect("written");
    (card, elsewhere)
}

#[derive(Default)]
struct State {
    /// Bytes that went to the node.
    carried: u64,
    /// Where the way breaks.
    until: u64,
    broken: bool,
    ends: Vec<TcpStream>,
}

/// The way to a node.
pub(crate) struct Wire(Arc<(Mutex<State>, Condvar)>);

impl Wire {
    /// The only way to a node that does not run yet.
    pub(crate) fn to(desk: &Desk, id: &str) -> Self {
        let (card, node) = hide(desk, id);
        let shared = Arc::new((Mutex::new(State { until: u64::MAX, ..State::default() }), Condvar::new()));
        let listener = TcpListener::bind(("127.0.0.1", card)).expect("the port of the card");
        let wire = Self(Arc::clone(&shared));
        std::thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                // Nobody gets through a broken wire, nor to a node that does not run.
                if let Ok(callee) = TcpStream::connect(("127.0.0.1", node)) {
                    join(&shared, &caller, &callee);
                }
            }
        });
        wire
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().expect("not poisoned")
    }

    /// Bytes that went to the node so far.
    pub(crate) fn carried(&self) -> u64 {
        self.state().carried
    }

    /// Mends it; it breaks again after so many bytes more.
    pub(crate) fn carry(&self, bytes: u64) {
        let mut state = self.state();
        state.until = state.carried.saturating_add(bytes);
        state.broken = false;
    }

    /// Waits until so many bytes went to the node in all. Who asks the node again and again instead keeps it from its work.
    pub(crate) fn until_carried(&self, bytes: u64) {
        let (state, waited) = self.0.1.wait_timeout_while(self.state(), PATIENCE, |state| state.carried < bytes).expect("not poisoned");
        assert!(!waited.timed_out(), "only {} bytes came", state.carried);
    }

    /// Waits until it is broken.
    pub(crate) fn until_broken(&self) {
        let (state, waited) = self.0.1.wait_timeout_while(self.state(), PATIENCE, |state| !state.broken).expect("not poisoned");
        assert!(!waited.timed_out(), "only {} bytes came", state.carried);
    }
}

fn join(shared: &Arc<(Mutex<State>, Condvar)>, caller: &TcpStream, callee: &TcpStream) {
    let copy = |end: &TcpStream| end.try_clone().expect("a handle");
    let mut state = shared.0.lock().expect("not poisoned");
    if state.broken {
        return;
    }
    state.ends.extend([copy(caller), copy(callee)]);
    for (from, to, counts) in [(copy(caller), copy(callee), true), (copy(callee), copy(caller), false)] {
        let shared = Arc::clone(shared);
        std::thread::spawn(move || carry(&shared, from, to, counts));
    }
}

fn carry(shared: &(Mutex<State>, Condvar), mut from: TcpStream, mut to: TcpStream, counts: bool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if counts {
            let mut state = shared.0.lock().expect("not poisoned");
            if state.carried + length as u64 > state.until {
                state.broken = true;
                for end in state.ends.drain(..) {
                    let _ = end.shutdown(Shutdown::Both);
                }
                shared.1.notify_all();
                return;
            }
            state.carried += length as u64;
            shared.1.notify_all();
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
