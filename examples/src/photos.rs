//! Photographs: finds them in a folder, decodes, improves and encodes them.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};

/// A decoded photograph.
#[derive(Debug)]
pub struct Photo {
    /// The name of its file.
    pub name: OsString,
    /// How it was encoded.
    pub format: ImageFormat,
    /// What it shows, upright.
    pub pixels: DynamicImage,
}

/// Where the repository keeps a few photographs.
#[must_use]
pub fn shipped_photos() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "photos", "data"].iter().collect()
}

/// The JPEG and PNG files of a folder, by name; folders in it are not looked into.
///
/// # Errors
/// When the folder cannot be read, or has none.
///
/// ```
/// use easycore_examples::photos::{list, shipped_photos};
///
/// let photos = list(&shipped_photos())?;
/// assert!(photos[0].ends_with("astronaut.png"));
/// # Ok::<(), easycore_examples::photos::PhotoError>(())
/// ```
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, PhotoError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let mut photos = Vec::new();
        for entry in fs::read_dir(folder)? {
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

impl Photo {
    /// Reads and decodes a file. What counts is what is in it, not what it is called.
    ///
    /// # Errors
    /// When it cannot be read, or is no JPEG or PNG.
    pub fn decode(path: &Path) -> Result<Self, PhotoError> {
        let decode = || {
            let reader = ImageReader::open(path)?.with_guessed_format()?;
            let format = reader.format();
            let mut decoder = reader.into_decoder()?;
            let orientation = decoder.orientation()?;
            let mut pixels = DynamicImage::from_decoder(decoder)?;
            pixels.apply_orientation(orientation);
            Ok((format.unwrap_or(ImageFormat::Png), pixels))
        };
        let (format, pixels) =
            decode().map_err(|source| PhotoError::Decode { path: path.to_owned(), source })?;
        Ok(Self { name: path.file_name().unwrap_or_default().to_owned(), format, pixels })
    }

    /// Encodes it as it was.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn encode(&self) -> Result<Vec<u8>, PhotoError> {
        const JPEG_QUALITY: u8 = 90;

        let mut file = Cursor::new(Vec::new());
        let encoded = match self.format {
            ImageFormat::Jpeg => {
                self.pixels.write_with_encoder(JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY))
            }
            format => self.pixels.write_to(&mut file, format),
        };
        encoded.map_err(|source| PhotoError::Encode { name: self.name.clone(), source })?;
        Ok(file.into_inner())
    }
}

/// What is done to a photograph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Percent of contrast to add, or to take away where negative.
    pub contrast: f32,
    /// The longest side that a photograph may have, in pixels; smaller ones keep their size.
    pub longest_side: u32,
    /// The radius of the unsharp mask, in pixels; 0 leaves a photograph as soft as it is.
    pub sharpen: f32,
}

impl Look {
    /// Filters and resizes.
    #[must_use]
    pub fn apply(&self, photo: Photo) -> Photo {
        /// By how much brightness must differ, of 255, to be sharpened: less is noise.
        const THRESHOLD: i32 = 2;

        let Photo { name, format, mut pixels } = photo;
        if self.contrast != 0.0 {
            pixels = pixels.adjust_contrast(self.contrast);
        }
        if pixels.width().max(pixels.height()) > self.longest_side {
            pixels = pixels.resize(self.longest_side, self.longest_side, FilterType::Lanczos3);
        }
        if self.sharpen > 0.0 {
            pixels = pixels.unsharpen(self.sharpen, THRESHOLD);
        }
        Photo { name, format, pixels }
    }
}

/// What keeps a photograph from being improved. Displays as one line that names the file or folder.
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
    /// A photograph could not be encoded.
    #[error("cannot encode {}: {source}", name.display())]
    Encode {
        /// The name of its file.
        name: OsString,
        /// What the encoder said.
        source: ImageError,
    },
}
