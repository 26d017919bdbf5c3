//! Views of photographs: which there are, and what part of a photograph each of them shows.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// What a network is shown of a photograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// All of it.
    Whole {
        /// Its place in the list of photographs.
        photo: usize,
    },
    /// A part of it, mirrored or not.
    Part {
        /// Its place in the list of photographs.
        photo: usize,
        /// Which of all parts of all photographs this is. It decides what is in it.
        number: usize,
    },
}

impl View {
    /// The photograph's place in the list.
    #[must_use]
    pub fn photo(self) -> usize {
        let (Self::Whole { photo } | Self::Part { photo, .. }) = self;
        photo
    }

    /// The whole of each photograph.
    pub fn wholes(photos: usize) -> impl Iterator<Item = Self> + Send + 'static {
        (0..photos).map(|photo| Self::Whole { photo })
    }

    /// So many parts of each photograph, those of one photograph after the other's, so that whoever goes through them decodes
    /// each photograph once.
    pub fn parts(photos: usize, of_each: usize) -> impl Iterator<Item = Self> + Send + 'static {
        (0..photos.saturating_mul(of_each)).map(move |number| Self::Part { photo: number / of_each, number })
    }
}

/// Puts up to `max` items at a time into a batch.
///
/// ```
/// use easycore_torch::views::batches;
///
/// assert_eq!(batches(0..5, 2).collect::<Vec<_>>(), [vec![0, 1], vec![2, 3], vec![4]]);
/// ```
pub fn batches<I: Iterator>(mut items: I, max: usize) -> impl Iterator<Item = Vec<I::Item>> + use<I> {
    std::iter::from_fn(move || {
        let batch: Vec<I::Item> = items.by_ref().take(max).collect();
        (!batch.is_empty()).then_some(batch)
    })
}

/// A rectangle of a photograph, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// What is left of it.
    pub left: u32,
    /// What is above it.
    pub top: u32,
    /// At least 1.
    pub width: u32,
    /// At least 1.
    pub height: u32,
    /// Whether left and right change places.
    pub is_flipped: bool,
}

impl Crop {
    /// Everything.
    #[must_use]
    pub fn whole(width: u32, height: u32) -> Self {
        Self { left: 0, top: 0, width, height, is_flipped: false }
    }

    /// From a quarter to nearly all of the area, sides as 3:4 to 4:3 wherever there is room, flipped every other time. One seed
    /// gives one crop.
    ///
    /// ```
    /// use easycore_torch::views::Crop;
    ///
    /// let crop = Crop::random(640, 480, 7);
    /// assert!(crop.left + crop.width <= 640 && crop.top + crop.height <= 480);
    /// assert_eq!(crop, Crop::random(640, 480, 7));
    /// assert_ne!(crop, Crop::random(640, 480, 8));
    /// ```
    #[must_use]
    pub fn random(width: u32, height: u32, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let area = f64::from(width) * f64::from(height) * random.random_range(0.25..1.0);
        // As likely to be wide as to be high.
        let ratio = (4.0_f64 / 3.0).powf(random.random_range(-1.0..1.0));
        let side = |ideal: f64, longest: u32| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 1 to `longest`"
            )]
            let side = ideal.round().clamp(1.0, f64::from(longest)) as u32;
            side
        };
        let (wide, high) = (side((area * ratio).sqrt(), width), side((area / ratio).sqrt(), height));
        Self {
            left: random.random_range(0..=width - wide),
            top: random.random_range(0..=height - high),
            width: wide,
            height: high,
            is_flipped: random.random(),
        }
    }
}
