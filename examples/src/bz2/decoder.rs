//! Decompression: what may be done ahead, by guess, and what is certain.
//!
//! Where a piece begins with what looks like a header, [`Prefetched`] decompresses it as if a stream began there. Only
//! whoever has seen everything before it knows whether one does: [`Decoder`] reads the pieces in order, takes what was
//! decompressed ahead where the guess was right, and decompresses from the file's own bytes where it was wrong.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use bzip2::{Decompress, Error, Status};

use super::{DecodeError, Piece};

/// How much is decompressed at a time.
const STEP: usize = 64 << 10;

/// How much of one piece is decompressed ahead. A few bytes can become gigabytes; those are left to the one who writes
/// them, so that memory stays flat.
const MAX_AHEAD: usize = 4 << 20;

/// A piece with what came out of it on the guess that it begins with a stream.
#[derive(Debug)]
pub struct Prefetched {
    piece: Piece,
    /// What the first `consumed` bytes of the piece became, and how to go on.
    guess: Streams,
    consumed: usize,
    bytes: Vec<u8>,
}

impl Prefetched {
    /// Decompresses a piece as far as it goes.
    #[must_use]
    pub fn new(piece: Piece) -> Self {
        let mut guess = Streams::default();
        let (mut consumed, mut bytes) = (0, Vec::new());
        if piece.seems_to_begin_a_stream() {
            while consumed < piece.bytes.len() && bytes.len() < MAX_AHEAD {
                bytes.reserve(STEP);
                match guess.step(&piece.bytes[consumed..], &mut bytes) {
                    Ok(step) => consumed += step,
                    // Perhaps only the guess was wrong. If not, the decoder will come to the same fault.
                    Err(_) => {
                        return Self { piece, guess: Streams::default(), consumed: 0, bytes: Vec::new() };
                    }
                }
            }
        }
        Self { piece, guess, consumed, bytes }
    }
}

/// Reads the pieces of one file in order and writes what they hold.
#[derive(Debug)]
pub struct Decoder {
    path: PathBuf,
    streams: Streams,
    /// Up to where the file has been decompressed.
    offset: u64,
    /// Room for what is decompressed here.
    buffer: Vec<u8>,
}

impl Decoder {
    /// Begins with the first piece of the file at `path`, by which errors name it.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), streams: Streams::default(), offset: 0, buffer: Vec::new() }
    }

    /// Writes what the next piece holds.
    ///
    /// # Errors
    /// When the file is not what bzip2 writes, or `output` fails.
    pub fn decode(&mut self, next: Prefetched, output: &mut impl Write) -> Result<(), DecodeError> {
        let Prefetched { piece, guess, mut consumed, bytes } = next;
        if self.streams.are_between() {
            output.write_all(&bytes)?;
            self.streams.go_on(guess);
        } else {
            // A stream is under way: what looked like a header is a part of it.
            consumed = 0;
        }
        self.offset = piece.offset + consumed as u64;
        let mut rest = &piece.bytes[consumed..];
        while !rest.is_empty() {
            self.buffer.clear();
            self.buffer.reserve(STEP);
            let taken = match self.streams.step(rest, &mut self.buffer) {
                Ok(taken) => taken,
                Err(fault) => return Err(self.error(fault)),
            };
            rest = &rest[taken..];
            self.offset += taken as u64;
            output.write_all(&self.buffer)?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When its last stream has not ended, or there was none.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.streams.ended > 0 && self.streams.are_between() {
            return Ok(());
        }
        Err(DecodeError::Truncated { path: self.path.clone(), length: self.offset })
    }

    fn error(&self, fault: Fault) -> DecodeError {
        let (path, offset) = (self.path.clone(), self.offset);
        match fault {
            Fault::NoStream => DecodeError::NoStream { path, offset },
            Fault::Damaged => DecodeError::Damaged { path, offset },
            Fault::NoMemory => DecodeError::Memory { path, offset },
        }
    }
}

/// What can be wrong with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    NoStream,
    Damaged,
    NoMemory,
}

/// Streams one after the other.
#[derive(Default)]
struct Streams {
    /// The one that is under way.
    open: Option<Decompress>,
    ended: u64,
}

impl Streams {
    /// Whether the next byte must begin a stream.
    fn are_between(&self) -> bool {
        self.open.is_none()
    }

    /// Decompresses some of `input` into the spare capacity of `output`; returns how many bytes of `input` it took.
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, Fault> {
        let stream = self.open.get_or_insert_with(|| Decompress::new(false));
        let before = stream.total_in();
        let status = stream.decompress_vec(input, output).map_err(|error| match error {
            Error::DataMagic => Fault::NoStream,
            Error::Data | Error::Param | Error::Sequence => Fault::Damaged,
        })?;
        let taken = usize::try_from(stream.total_in() - before).expect("it is a part of a slice");
        match status {
            Status::StreamEnd => {
                self.open = None;
                self.ended += 1;
            }
            Status::MemNeeded => return Err(Fault::NoMemory),
            _ => {}
        }
        Ok(taken)
    }

    /// Goes on where `other` stopped, which began where this one stands.
    fn go_on(&mut self, other: Self) {
        self.ended += other.ended;
        self.open = other.open;
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").field("is_open", &self.open.is_some()).field("ended", &self.ended).finish()
    }
}
