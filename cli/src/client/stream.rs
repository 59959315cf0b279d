//! Answers that are too large for memory.

use std::io;

use http_body_util::BodyExt;
use hyper::Method;
use hyper::header::HeaderMap;

use super::{Body, Client, problem};
use crate::exit::Exit;
use crate::failure::Failure;

/// Bytes of a problem document.
const PROBLEM_BYTES: usize = 1024 * 1024;

impl Client {
    /// `POST` without a body. Gives the answer to `sink` piece by piece, and returns its headers when it was whole. The timeout
    /// is for each piece.
    pub(crate) fn stream(&self, path: &str, mut sink: impl FnMut(&[u8]) -> io::Result<()>) -> Result<HeaderMap, Failure> {
        let request = self.request(Method::POST, path, Body::Empty, None)?;
        let late = |_| Failure::new(Exit::Unreachable, format!("{} stopped answering ({path})", self.target));
        self.runtime.block_on(async {
            let answer = tokio::time::timeout(self.timeout, self.answer(request)).await.map_err(late)??;
            let (parts, mut body) = answer.into_parts();
            let mut refusal = Vec::new();
            while let Some(frame) = tokio::time::timeout(self.timeout, body.frame()).await.map_err(late)? {
                let frame = frame.map_err(|error| Failure::new(Exit::Unreachable, format!("the answer broke off: {error}")))?;
                let Some(piece) = frame.data_ref() else { continue };
                if parts.status.is_success() {
                    sink(piece).map_err(|error| Failure::failed(format!("cannot write: {error}")))?;
                } else if refusal.len() < PROBLEM_BYTES {
                    refusal.extend_from_slice(piece);
                }
            }
            let refused = || Failure::answered(parts.status.as_u16(), problem(parts.status, &refusal));
            if parts.status.is_success() { Ok(parts.headers) } else { Err(refused()) }
        })
    }
}
