//! A file that stands under its name only once all of it has been written. Whatever ends a program early, an error or a
//! panic, leaves what was there before.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};
use std::process;

/// A file in the making; [`commit`](Self::commit) puts it in its place, and dropping it instead removes what was written.
///
/// Every error names the file. Where a device or a pipe stands under the name, it is written to directly.
///
/// ```
/// use std::fs;
/// use std::io::Write;
/// use easycore_examples::WholeFile;
///
/// let path = std::env::temp_dir().join(format!("whole-file-{}.txt", std::process::id()));
///
/// let mut file = WholeFile::create(&path)?;
/// file.write_all(b"half of i")?;
/// drop(file);
/// assert!(!path.exists());
///
/// let mut file = WholeFile::create(&path)?;
/// file.write_all(b"all of it")?;
/// file.commit()?;
/// assert_eq!(fs::read(&path)?, b"all of it");
/// # fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct WholeFile {
    // Above `draft`, so that the file is closed before it is removed.
    file: BufWriter<File>,
    draft: Draft,
    /// As the user knows it.
    path: PathBuf,
}

impl WholeFile {
    /// Begins a file that shall stand at `path`, where it takes the place of what is there.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn create(path: &Path) -> io::Result<Self> {
        let create = || {
            let draft = Draft::new(path)?;
            let file = BufWriter::new(File::create(draft.written())?);
            Ok(Self { file, draft, path: path.to_owned() })
        };
        create().map_err(|error| cannot_write(path, &error))
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// When the rest of it cannot be written, or it cannot be put there.
    pub fn commit(self) -> io::Result<()> {
        let Self { file, draft, path } = self;
        file.into_inner()
            .map_err(IntoInnerError::into_error)
            .and_then(|_closed| draft.keep())
            .map_err(|error| cannot_write(&path, &error))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| cannot_write(&self.path, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| cannot_write(&self.path, &error))
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

/// The file under another name, beside its place, so that it can be put there in one step.
#[derive(Debug)]
struct Draft {
    target: PathBuf,
    /// The other name, until the file is in place; none where the target itself is written to.
    name: Option<PathBuf>,
}

impl Draft {
    fn new(path: &Path) -> io::Result<Self> {
        let in_place = |target: &Path| Self { target: target.to_owned(), name: None };
        let target = match fs::metadata(path) {
            Ok(there) if there.is_file() => path.canonicalize()?,
            Ok(_) => return Ok(in_place(path)),
            Err(_) => path.to_owned(),
        };
        let Some(file_name) = target.file_name() else { return Ok(in_place(path)) };
        let mut name = OsString::from(".");
        name.push(file_name);
        name.push(format!(".{}.partial", process::id()));
        Ok(Self { name: Some(target.with_file_name(name)), target })
    }

    /// What is written to.
    fn written(&self) -> &Path {
        self.name.as_ref().unwrap_or(&self.target)
    }

    fn keep(mut self) -> io::Result<()> {
        if let Some(name) = &self.name {
            fs::rename(name, &self.target)?;
            self.name = None;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // There is no one left to tell, and a draft does no harm.
            let _ = fs::remove_file(name);
        }
    }
}
