//! bzip2 files cut into pieces that can be compressed or decompressed side by side. A file may hold any number of
//! streams one after the other, each beginning on a whole byte, and every bzip2 program reads such a file as one.

mod blocks;
mod decoder;
mod pieces;

use std::io;
use std::path::{Path, PathBuf};

pub use blocks::{Blocks, compress};
pub use decoder::{Decoder, Prefetched};
pub use pieces::{Piece, Pieces};

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct ReadError {
    path: PathBuf,
    source: io::Error,
}

impl ReadError {
    fn new(path: &Path, source: io::Error) -> Self {
        Self { path: path.to_owned(), source }
    }
}

/// What keeps a file from being decompressed.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Neither the beginning of a file nor what follows a stream is a stream.
    #[error("{}: no bzip2 stream at byte {offset}", path.display())]
    NoStream {
        /// The compressed file.
        path: PathBuf,
        /// Where a stream should begin.
        offset: u64,
    },
    /// A stream breaks the rules of the format, or a checksum is wrong.
    #[error("{} is damaged near byte {offset}", path.display())]
    Damaged {
        /// The compressed file.
        path: PathBuf,
        /// Up to where all was well, give or take a block.
        offset: u64,
    },
    /// The file ends before its last stream does, or has none.
    #[error("{} is truncated: it ends within a stream, after {length} bytes", path.display())]
    Truncated {
        /// The compressed file.
        path: PathBuf,
        /// How long the file is.
        length: u64,
    },
    /// There is too little memory to decompress the stream.
    #[error("{}: not enough memory for the stream near byte {offset}", path.display())]
    Memory {
        /// The compressed file.
        path: PathBuf,
        /// Where it was asked for.
        offset: u64,
    },
    /// What was decompressed could not be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}
