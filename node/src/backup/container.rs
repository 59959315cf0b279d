//! What is inside the age file: a line with the format, then entries one after the other, none of which says beforehand how
//! long it is, so that a table can be written as it is read.
//!
//! ```text
//! parangon-backup 1\n
//! entry:  1 byte length of the name, the name, chunks, 4 zero bytes, 8 bytes length of the content, 32 bytes SHA-256 of it
//! chunk:  4 bytes length (1 to 65,536), content
//! end:    1 zero byte, 4 bytes number of entries, nothing after it
//! ```
//!
//! Integers are big-endian. Nothing is allocated because a length asks for it.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use super::{BackupError, FORMAT};

/// Bytes of one chunk.
const CHUNK: usize = 64 * 1024;

const TITLE: &str = "parangon-backup ";

/// Bytes of the first line at most: the title and ten digits.
const TITLE_BYTES: usize = TITLE.len() + 11;

/// Writes entries.
pub(super) struct Writer<W> {
    out: W,
    entries: u32,
}

/// The content of an entry, on its way out.
pub(super) struct Content<'a, W> {
    out: &'a mut W,
    chunk: Vec<u8>,
    length: u64,
    hash: Sha256,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(format!("{TITLE}{FORMAT}\n").as_bytes())?;
        Ok(Self { out, entries: 0 })
    }

    /// One entry. Names have 1 to 255 bytes.
    pub(super) fn entry<E: From<io::Error>>(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut Content<'_, W>) -> Result<(), E>,
    ) -> Result<(), E> {
        let length = u8::try_from(name.len()).ok().filter(|length| *length > 0).ok_or(io::Error::from(io::ErrorKind::InvalidInput))?;
        self.out.write_all(&[length])?;
        self.out.write_all(name.as_bytes())?;
        let mut content = Content { out: &mut self.out, chunk: Vec::with_capacity(CHUNK), length: 0, hash: Sha256::new() };
        fill(&mut content)?;
        content.end()?;
        self.entries += 1;
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0])?;
        self.out.write_all(&self.entries.to_be_bytes())?;
        Ok(self.out)
    }
}

impl<W: Write> Content<'_, W> {
    fn send(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let length = u32::try_from(self.chunk.len()).map_err(io::Error::other)?;
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        self.send()?;
        self.out.write_all(&[0; 4])?;
        self.out.write_all(&self.length.to_be_bytes())?;
        self.out.write_all(&self.hash.finalize())
    }
}

impl<W: Write> Write for Content<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = &bytes[..bytes.len().min(CHUNK - self.chunk.len())];
        self.chunk.extend_from_slice(part);
        self.hash.update(part);
        self.length += part.len() as u64;
        if self.chunk.len() == CHUNK {
            self.send()?;
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads entries. As [`Read`] it gives the content of the entry that [`Reader::next`] named last.
pub(super) struct Reader<R> {
    from: R,
    entries: u32,
    name: String,
    /// Bytes of the present chunk that were not read yet.
    left: usize,
    length: u64,
    hash: Sha256,
    /// The present entry was read to its end, and its hash was right.
    ended: bool,
}

fn damaged(rule: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, rule)
}

impl<R: Read> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// [`BackupError::Newer`] before anything else is read.
    pub(super) fn new(mut from: R) -> Result<Self, BackupError> {
        let mut line = Vec::with_capacity(TITLE_BYTES);
        while line.last() != Some(&b'\n') {
            if line.len() == TITLE_BYTES {
                return Err(damaged("its first line names no format").into());
            }
            let mut byte = [0];
            from.read_exact(&mut byte)?;
            line.extend(byte);
        }
        let format = std::str::from_utf8(&line).ok().and_then(|line| line.strip_prefix(TITLE)?.trim_end().parse().ok());
        match format {
            Some(FORMAT) => {}
            Some(found) if found > FORMAT => return Err(BackupError::Newer { found, reads: FORMAT }),
            _ => return Err(damaged("its first line names no format").into()),
        }
        Ok(Self { from, entries: 0, name: String::new(), left: 0, length: 0, hash: Sha256::new(), ended: true })
    }

    /// The next entry's name; none at the end, after which there is nothing.
    pub(super) fn next(&mut self) -> io::Result<Option<String>> {
        if !self.ended {
            return Err(damaged("an entry has more than was expected"));
        }
        let length = self.number::<1>()?;
        if length == 0 {
            let entries = self.number::<4>()?;
            let mut after = [0];
            if entries != u64::from(self.entries) || self.from.read(&mut after)? != 0 {
                return Err(damaged("it does not end where its last entry does"));
            }
            return Ok(None);
        }
        let mut name = vec![0; usize::try_from(length).map_err(io::Error::other)?]; // at most 255
        self.from.read_exact(&mut name)?;
        self.name = String::from_utf8(name).map_err(|_| damaged("the name of an entry is not text"))?;
        self.entries = self.entries.saturating_add(1);
        (self.left, self.length, self.hash, self.ended) = (0, 0, Sha256::new(), false);
        Ok(Some(self.name.clone()))
    }

    /// All of a small entry.
    ///
    /// # Errors
    /// [`BackupError::TooLarge`] when it has more than `limit` bytes.
    pub(super) fn small(&mut self, limit: usize) -> Result<Vec<u8>, BackupError> {
        let mut bytes = Vec::new();
        let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        Read::by_ref(self).take(bound).read_to_end(&mut bytes)?;
        if bytes.len() > limit { Err(BackupError::TooLarge { entry: self.name.clone(), limit }) } else { Ok(bytes) }
    }

    /// The next row of a table, which stands behind its length of 4 bytes. Says whether there was one.
    ///
    /// # Errors
    /// [`BackupError::TooLarge`] when it claims more than `limit` bytes.
    pub(super) fn row(&mut self, row: &mut Vec<u8>, limit: usize) -> Result<bool, BackupError> {
        row.clear();
        if self.read_to(row, 4)? == 0 {
            return Ok(false);
        }
        let length = row.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)).filter(|_| row.len() == 4);
        let length = length.and_then(|length| usize::try_from(length).ok()).ok_or_else(|| damaged("a row is cut short"))?;
        if length > limit {
            return Err(BackupError::TooLarge { entry: self.name.clone(), limit });
        }
        row.clear();
        if self.read_to(row, length)? == length { Ok(true) } else { Err(damaged("a row is cut short").into()) }
    }

    fn read_to(&mut self, out: &mut Vec<u8>, length: usize) -> io::Result<usize> {
        Read::by_ref(self).take(u64::try_from(length).unwrap_or(u64::MAX)).read_to_end(out)
    }

    fn number<const N: usize>(&mut self) -> io::Result<u64> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn end(&mut self) -> io::Result<()> {
        let length = self.number::<8>()?;
        let mut expected = [0; 32];
        self.from.read_exact(&mut expected)?;
        let hash: [u8; 32] = std::mem::take(&mut self.hash).finalize().into();
        if length != self.length || hash != expected {
            return Err(damaged("an entry is not what its hash says"));
        }
        self.ended = true;
        Ok(())
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ended || out.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            self.left = match usize::try_from(self.number::<4>()?).map_err(io::Error::other)? {
                0 => return self.end().map(|()| 0),
                length if length > CHUNK => return Err(damaged("a chunk is larger than it may be")),
                length => length,
            };
        }
        let bound = out.len().min(self.left);
        let read = self.from.read(&mut out[..bound])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.hash.update(&out[..read]);
        self.length += read as u64;
        self.left -= read;
        Ok(read)
    }
}
