//! The digits as a file: reads rows one at a time, checks each, and says which rows are held out from training.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

/// Width and height of an image, in pixels.
pub const SIDE: usize = 8;

/// Number of pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;

/// Number of different labels: the digits 0 to 9.
pub const DIGIT_LABELS: usize = 10;

/// How many rows the shipped file has.
pub const SHIPPED_ROWS: usize = 1_797;

/// The darkest pixel there is; 0 is paper.
const INK: u8 = 16;

/// Several times what a row can need: a file that is no CSV must not fill the memory with its first line.
const MAX_ROW_BYTES: u64 = 1_024;

/// The first row that was held out; see [`is_held_out`].
const FIRST_HELD_OUT_ROW: usize = 1_438;

/// One image with the label that a human gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digit {
    /// The line of the file that it stands on, from 1.
    pub row: usize,
    /// Row by row from the top left, each 0 (paper) to 16 (ink).
    pub pixels: [u8; PIXELS],
    /// The true label, 0 to 9.
    pub label: u8,
}

/// Whether `row` (from 1) of the shipped file is kept from training.
///
/// The last 360 of the 1,797 rows are, and not rows picked at random: the labels run through the file in series of
/// about 130, as if one writer came after the other, so most of the held-out digits should be by hands that the network
/// has never seen. That is harder and says more.
///
/// ```
/// use easycore_examples::digits::{SHIPPED_ROWS, is_held_out};
///
/// assert_eq!((1..=SHIPPED_ROWS).filter(|row| is_held_out(*row)).count(), 360);
/// ```
#[must_use]
pub fn is_held_out(row: usize) -> bool {
    row >= FIRST_HELD_OUT_ROW
}

/// The rows of a file, read and checked one at a time.
///
/// A row is 64 pixels (0 to 16) and the label (0 to 9), separated by commas. A malformed row is an `Err` and the rows
/// after it can still be read; after a failure to read, there are no more.
pub struct Digits {
    path: PathBuf,
    text: Option<Box<dyn BufRead + Send>>,
    row: usize,
}

impl Digits {
    /// Opens a CSV file, gzipped or plain.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let text = open_text(path).map_err(|source| DataError::Open { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), text: Some(text), row: 0 })
    }

    /// The next line; `None` at the end of the file.
    fn read_line(&mut self) -> io::Result<Option<String>> {
        let Some(text) = &mut self.text else { return Ok(None) };
        let mut line = String::new();
        text.take(MAX_ROW_BYTES).read_line(&mut line)?;
        if line.len() as u64 == MAX_ROW_BYTES && !line.ends_with('\n') {
            return Err(io::Error::other("the row does not end"));
        }
        Ok(Some(line).filter(|line| !line.is_empty()))
    }
}

impl Iterator for Digits {
    type Item = Result<Digit, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.read_line();
        self.row += 1;
        let (path, row) = (&self.path, self.row);
        let digit = match line {
            Ok(line) => {
                parse_row(row, &line?).map_err(|fault| DataError::Row { path: path.clone(), row, fault })
            }
            Err(source) => {
                self.text = None;
                Err(DataError::Read { path: path.clone(), row, source })
            }
        };
        Some(digit)
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digits").field("path", &self.path).field("row", &self.row).finish_non_exhaustive()
    }
}

fn open_text(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

    let mut file = BufReader::new(File::open(path)?);
    let gzipped = file.fill_buf()?.starts_with(&GZIP_MAGIC);
    if gzipped {
        let text: Box<dyn Read + Send> = Box::new(MultiGzDecoder::new(file));
        Ok(Box::new(BufReader::new(text)))
    } else {
        Ok(Box::new(file))
    }
}

fn parse_row(row: usize, line: &str) -> Result<Digit, RowFault> {
    let fields: Vec<&str> = line.trim_end().split(',').collect();
    if fields.len() != PIXELS + 1 {
        return Err(RowFault::Fields(fields.len()));
    }
    let mut pixels = [0; PIXELS];
    for (column, (pixel, field)) in pixels.iter_mut().zip(&fields).enumerate() {
        *pixel = parse_field(column, field, INK)?;
    }
    let label = parse_field(PIXELS, fields[PIXELS], 9)?;
    Ok(Digit { row, pixels, label })
}

fn parse_field(column: usize, field: &str, max: u8) -> Result<u8, RowFault> {
    field.trim().parse().ok().filter(|value| *value <= max).ok_or_else(|| RowFault::Field {
        column: column + 1,
        // A damaged file can hold a field of any length; the message stays one readable line.
        field: field.chars().take(20).collect(),
        max,
    })
}

/// What is wrong with a file of digits. Displays as one line that names the file and, where there is one, the row.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file could not be opened.
    #[error("cannot read {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be read on.
    #[error("{}, row {row}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The line that could not be read, from 1.
        row: usize,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// A row is not an image with its label.
    #[error("{}, row {row}: {fault}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        row: usize,
        /// What is wrong with it.
        fault: RowFault,
    },
}

/// What is wrong with a row.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// It has another number of fields than 65.
    #[error("expected {expected} fields, found {_0}", expected = PIXELS + 1)]
    Fields(usize),
    /// A field is not a whole number in its range.
    #[error("field {column} is {field:?}, expected a whole number from 0 to {max}")]
    Field {
        /// Which field, from 1.
        column: usize,
        /// Its first characters.
        field: String,
        /// The largest value that it may have.
        max: u8,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str) -> String {
        format!("{}{label}", "16,".repeat(PIXELS))
    }

    #[test]
    fn the_shipped_file_holds_as_many_digits_as_it_should() {
        let digits: Vec<Digit> = Digits::open(&crate::digits::shipped_data())
            .and_then(Iterator::collect)
            .expect("the repository ships a well-formed file");
        assert_eq!(digits.len(), SHIPPED_ROWS);
        assert_eq!((digits[0].row, digits[0].label), (1, 0));
    }

    #[test]
    fn a_row_that_is_no_digit_says_what_is_wrong() {
        assert_eq!(parse_row(1, &row("7")).map(|digit| digit.label), Ok(7));
        let fault = |line: &str| parse_row(1, line).map_err(|fault| fault.to_string());
        assert_eq!(fault("1,2"), Err("expected 65 fields, found 2".to_owned()));
        assert_eq!(fault(""), Err("expected 65 fields, found 1".to_owned()));
        let number = |field: &str| Err(format!("field 65 is {field:?}, expected a whole number from 0 to 9"));
        for field in ["10", "-1", "1.5", "", "seven"] {
            assert_eq!(fault(&row(field)), number(field));
        }
    }
}
