//! Compression: the blocks of a file, each of which becomes a stream of its own.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bzip2::Compression;
use bzip2::read::BzEncoder;

use super::ReadError;

/// What bzip2 keeps free of each block of `level` × 100,000 bytes. A longer input would not fit into one block and leave
/// a tiny one behind.
const RESERVE: u32 = 19;

/// A file in blocks of the length that suits a level: `level` × 100,000 bytes, less a small reserve.
///
/// An empty file is one empty block, so that there is a stream that says so.
#[derive(Debug)]
pub struct Blocks {
    path: PathBuf,
    file: File,
    length: u32,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Beginning,
    Middle,
    End,
}

impl Blocks {
    /// Opens a file to be compressed at `level`, 1 to 9.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path, level: u32) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|source| ReadError::new(path, source))?;
        Ok(Self { path: path.to_owned(), file, length: level * 100_000 - RESERVE, state: State::Beginning })
    }

    fn read_block(&mut self) -> io::Result<Vec<u8>> {
        let mut block = Vec::new();
        self.file.by_ref().take(self.length.into()).read_to_end(&mut block)?;
        Ok(block)
    }
}

impl Iterator for Blocks {
    type Item = Result<Vec<u8>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::End {
            return None;
        }
        let block = self.read_block();
        let is_past_the_end = self.state == State::Middle && block.as_ref().is_ok_and(Vec::is_empty);
        self.state = if block.is_err() || is_past_the_end { State::End } else { State::Middle };
        let block = block.map_err(|source| ReadError::new(&self.path, source));
        if is_past_the_end { None } else { Some(block) }
    }
}

/// A whole stream that holds `block`, compressed at `level`, 1 to 9.
///
/// # Errors
/// None that is known; the compressor could report one.
///
/// ```
/// use easycore_examples::bz2::compress;
///
/// let stream = compress(b"to be or not to be", 9)?;
/// assert!(stream.starts_with(b"BZh9"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn compress(block: &[u8], level: u32) -> io::Result<Vec<u8>> {
    let mut stream = Vec::new();
    BzEncoder::new(block, Compression::new(level)).read_to_end(&mut stream)?;
    Ok(stream)
}
