//! Decompression: a compressed file cut where streams seem to begin. It can't be known here whether they do.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::ReadError;

/// What a stream begins with: `BZh`, its level, and the mark of its first block or, if it is empty, of its end.
const HEADER: usize = 10;

const BLOCK: &[u8] = &[0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const END: &[u8] = &[0x17, 0x72, 0x45, 0x38, 0x50, 0x90];

/// Where a piece is cut even though no stream begins, so that a file of one long stream does not fill the memory. A
/// stream of a single block is shorter: 900 kB and a hundredth at most.
const MAX_PIECE: usize = 1 << 20;

/// How many bytes are read at a time.
const READ: u64 = 64 << 10;

/// A part of a compressed file.
#[derive(Debug)]
pub struct Piece {
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// What the file holds there, as it is.
    pub bytes: Vec<u8>,
}

impl Piece {
    /// Whether it looks as if a stream began here. What it holds may look so by chance, too.
    #[must_use]
    pub fn seems_to_begin_a_stream(&self) -> bool {
        self.bytes.get(..HEADER).is_some_and(is_header)
    }
}

/// A compressed file, whole and in order, cut before everything that looks like the beginning of a stream.
#[derive(Debug)]
pub struct Pieces {
    path: PathBuf,
    file: File,
    /// What was read and has not been handed out yet; it begins at `offset`.
    pending: Vec<u8>,
    offset: u64,
    ended: bool,
}

impl Pieces {
    /// Opens a compressed file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|source| ReadError::new(path, source))?;
        Ok(Self { path: path.to_owned(), file, pending: Vec::new(), offset: 0, ended: false })
    }

    fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        // The piece in hand may begin with a header; it ends before the next one.
        let mut searched = 1;
        loop {
            if let Some(found) = find_header(self.pending.get(searched..).unwrap_or_default()) {
                return Ok(Some(self.cut(searched + found)));
            }
            // A header may have been read in part.
            let whole = (self.pending.len() + 1).saturating_sub(HEADER);
            searched = whole.max(1);
            if whole >= MAX_PIECE {
                return Ok(Some(self.cut(whole)));
            }
            if self.file.by_ref().take(READ).read_to_end(&mut self.pending)? == 0 {
                self.ended = true;
                return Ok(Some(self.cut(self.pending.len())).filter(|piece| !piece.bytes.is_empty()));
            }
        }
    }

    fn cut(&mut self, length: usize) -> Piece {
        let rest = self.pending.split_off(length);
        let piece = Piece { offset: self.offset, bytes: std::mem::replace(&mut self.pending, rest) };
        self.offset += length as u64;
        piece
    }
}

impl Iterator for Pieces {
    type Item = Result<Piece, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let piece = self.next_piece();
        self.ended |= piece.is_err();
        piece.map_err(|source| ReadError::new(&self.path, source)).transpose()
    }
}

fn find_header(bytes: &[u8]) -> Option<usize> {
    bytes.windows(HEADER).position(is_header)
}

fn is_header(bytes: &[u8]) -> bool {
    let Some((level, mark)) = bytes.strip_prefix(b"BZh").and_then(<[u8]>::split_first) else { return false };
    (b'1'..=b'9').contains(level) && (mark == BLOCK || mark == END)
}
