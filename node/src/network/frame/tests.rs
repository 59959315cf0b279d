use futures::executor::block_on;
use futures::io::Cursor;

use super::*;

fn budget(kib: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(kib))
}

fn read(bytes: &[u8], limit: usize, budget: &Arc<Semaphore>) -> Result<Body, FrameError> {
    block_on(read_frame(&mut Cursor::new(bytes), limit, Some(budget))).expect("memory does not fail")
}

#[test]
fn a_frame_comes_back_whole_up_to_its_limit() {
    let limit = 3 * limits::READ_BYTES + 1;
    let budget = budget(1024);
    for length in [0, 1, limits::READ_BYTES, limits::READ_BYTES + 1, limit] {
        let body: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).expect("small")).collect();
        assert_eq!(read(&frame(&body), limit, &budget).expect("fits").0, body, "{length}");
    }
    let error = read(&frame(&vec![0; limit + 1]), limit, &budget).expect_err("too large");
    assert_eq!(error, FrameError::TooLarge { bytes: limit + 1, limit });
    assert_eq!(error.to_string(), format!("E-W03 too large: {} bytes (max {limit})", limit + 1));
    assert_eq!(budget.available_permits(), 1024, "everything was given back");
}

#[test]
fn what_is_cut_or_foreign_is_named() {
    let budget = budget(1024);
    let whole = frame(b"hello");
    for end in 0..whole.len() {
        assert_eq!(read(&whole[..end], 100, &budget).expect_err("cut"), FrameError::Cut, "{end}");
    }
    assert_eq!(read(&[2, 0, 0, 0, 0], 100, &budget).expect_err("version"), FrameError::Version { theirs: 2, ours: 1 });
}

#[test]
fn bytes_in_flight_are_bounded_and_given_back() {
    let budget = budget(100);
    let large = frame(&vec![0; 64 * 1024]);
    let held = read(&large, 1 << 20, &budget).expect("room");
    assert_eq!(budget.available_permits(), 36);
    assert_eq!(read(&large, 1 << 20, &budget).expect_err("no room"), FrameError::Busy);
    assert_eq!(budget.available_permits(), 36);
    drop(held);
    assert_eq!(budget.available_permits(), 100);
}

/// Case W2: a length of 4 MiB and then nothing.
#[test]
fn a_promise_allocates_nothing() {
    struct Silent<'a>(&'a [u8]);
    impl AsyncRead for Silent<'_> {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
            buffer: &mut [u8],
        ) -> std::task::Poll<io::Result<usize>> {
            assert!(buffer.len() <= limits::READ_BYTES, "{} bytes asked for", buffer.len());
            if self.0.is_empty() {
                return std::task::Poll::Pending;
            }
            std::pin::Pin::new(&mut self.0).poll_read(context, buffer)
        }
    }
    let promise = [1, 0, 64, 0, 0];
    let mut silent = Silent(&promise);
    let mut reading = Box::pin(read_frame(&mut silent, limits::PRIVATE_BYTES, None));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(reading.as_mut().poll(&mut context).is_pending());
}
