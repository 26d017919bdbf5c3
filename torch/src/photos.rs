//! Photographs for a network: found in a folder, decoded, and resized as a whole or in parts.

use std::io;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use tch::{TchError, Tensor};

use crate::views::Crop;

/// Where the repository keeps a few photographs.
#[must_use]
pub fn shipped_photos() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "examples", "photos", "data"].iter().collect()
}

/// The JPEG and PNG files of a folder, by name; folders in it are not looked into.
///
/// # Errors
/// When the folder cannot be read, or has none.
///
/// ```
/// use easycore_torch::photos::{list, shipped_photos};
///
/// assert_eq!(list(&shipped_photos())?.len(), 6);
/// # Ok::<(), easycore_torch::photos::PhotoError>(())
/// ```
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, PhotoError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let mut photos = Vec::new();
        for entry in folder.read_dir()? {
            let path = entry?.path();
            let format = ImageFormat::from_path(&path);
            if matches!(format, Ok(ImageFormat::Jpeg | ImageFormat::Png)) && !path.is_dir() {
                photos.push(path);
            }
        }
        photos.sort();
        Ok(photos)
    };
    let photos = read().map_err(|source| PhotoError::Folder { folder: folder.to_owned(), source })?;
    if photos.is_empty() {
        return Err(PhotoError::NoPhotos { folder: folder.to_owned() });
    }
    Ok(photos)
}

/// A decoded photograph: red, green and blue, a byte each.
#[derive(Debug)]
pub struct Photo {
    /// Three planes of rows.
    pixels: Tensor,
    width: u32,
    height: u32,
}

impl Photo {
    /// Reads and decodes a file, upright. What counts is what is in it, not what it is called.
    ///
    /// # Errors
    /// When it cannot be read, or is no JPEG or PNG.
    pub fn decode(path: &Path) -> Result<Self, PhotoError> {
        let decode = || {
            let mut decoder = ImageReader::open(path)?.with_guessed_format()?.into_decoder()?;
            let orientation = decoder.orientation()?;
            let mut pixels = DynamicImage::from_decoder(decoder)?;
            pixels.apply_orientation(orientation);
            Ok(pixels.into_rgb8())
        };
        let rgb = decode().map_err(|source| PhotoError::Decode { path: path.to_owned(), source })?;
        let (width, height) = rgb.dimensions();
        let rows = Tensor::f_from_slice(rgb.as_raw())?.f_view([height.into(), width.into(), 3])?;
        Ok(Self { pixels: rows.f_permute([2, 0, 1])?, width, height })
    }

    /// All of it as a square of `size` pixels: bytes, shaped `[3, size, size]`.
    ///
    /// # Errors
    /// When libtorch has no memory for it.
    pub fn whole(&self, size: u32) -> Result<Tensor, TchError> {
        self.cut(Crop::whole(self.width, self.height), size)
    }

    /// A part of it that `seed` alone decides, as [`whole`](Self::whole) has it.
    ///
    /// # Errors
    /// When libtorch has no memory for it.
    pub fn part(&self, size: u32, seed: u64) -> Result<Tensor, TchError> {
        self.cut(Crop::random(self.width, self.height, seed), size)
    }

    fn cut(&self, crop: Crop, size: u32) -> Result<Tensor, TchError> {
        let cut = self
            .pixels
            .f_narrow(1, crop.top.into(), crop.height.into())?
            .f_narrow(2, crop.left.into(), crop.width.into())?
            .f_unsqueeze(0)?
            .f_internal_upsample_bilinear2d_aa([i64::from(size); 2], false, None, None)?
            .f_squeeze_dim(0)?;
        if crop.is_flipped { cut.f_flip([2]) } else { cut.f_contiguous() }
    }
}

/// What keeps a photograph from being used. Displays as one line that names the file or folder.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// A folder could not be read.
    #[error("cannot read {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder holds no photographs.
    #[error("{} holds no .jpg, .jpeg or .png files", folder.display())]
    NoPhotos {
        /// The folder.
        folder: PathBuf,
    },
    /// A file could not be read or decoded.
    #[error("cannot read {}: {source}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What the system or the decoder said.
        source: ImageError,
    },
    /// libtorch could not resize it.
    #[error(transparent)]
    Resize(#[from] TchError),
}
