//! The items: images that are ready for the network, and photographs that must be scaled down first.

use std::sync::Arc;

use tch::{TchError, Tensor};

/// How many different images there are; they come round again and again.
pub(crate) const DIFFERENT: u16 = 64;

#[derive(Debug)]
pub(crate) enum Image {
    /// Bytes of the network's size: three planes in main memory.
    Ready(Tensor),
    Photo(Arc<Photo>),
}

impl Image {
    /// As the network takes it.
    pub(crate) fn prepare(self) -> Result<Tensor, TchError> {
        match self {
            Self::Ready(image) => Ok(image),
            Self::Photo(photo) => photo.scaled_down(),
        }
    }

    /// The same image once more, without a copy of its bytes.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Ready(image) => Self::Ready(image.shallow_clone()),
            Self::Photo(photo) => Self::Photo(Arc::clone(photo)),
        }
    }
}

/// Pixels as a decoder leaves them, the three colours of each side by side, `scale` times as wide and high as the network's.
#[derive(Debug)]
pub(crate) struct Photo {
    side: usize,
    scale: usize,
    pixels: Vec<u8>,
}

impl Photo {
    /// One of [`DIFFERENT`] patterns of stripes and spots in various colours.
    pub(crate) fn new(number: u16, side: u16, scale: u16) -> Self {
        let wide = usize::from(side * scale);
        let waves: Vec<[Vec<f32>; 2]> = (0..3)
            .map(|colour| {
                let of = |salt| wave(mix(u32::from(number) * 8 + colour * 2 + salt), side, scale);
                [of(0), of(1)]
            })
            .collect();
        let level = |colour: u32| f32::from(byte(mix(1_000 + u32::from(number) * 4 + colour)));
        let levels = [level(0), level(1), level(2)];
        let mut pixels = Vec::with_capacity(3 * wide * wide);
        for y in 0..wide {
            for x in 0..wide {
                for ([down, across], level) in waves.iter().zip(levels) {
                    let value = (level + 100.0 * down[y] * across[x]).clamp(0.0, 255.0);
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "it is clamped"
                    )]
                    pixels.push(value as u8);
                }
            }
        }
        Self { side: side.into(), scale: scale.into(), pixels }
    }

    /// Each pixel the mean of those that it stands for.
    pub(crate) fn scaled_down(&self) -> Result<Tensor, TchError> {
        let (side, scale) = (self.side, self.scale);
        let mut planes = vec![0_u8; 3 * side * side];
        let mut sums = vec![[0_u32; 3]; side];
        let area = u32::try_from(scale * scale).expect("photographs are small");
        for (y, rows) in self.pixels.chunks_exact(3 * side * scale * scale).enumerate() {
            sums.fill([0; 3]);
            for row in rows.chunks_exact(3 * side * scale) {
                for (sum, pixels) in sums.iter_mut().zip(row.chunks_exact(3 * scale)) {
                    for pixel in pixels.chunks_exact(3) {
                        for (sum, value) in sum.iter_mut().zip(pixel) {
                            *sum += u32::from(*value);
                        }
                    }
                }
            }
            for (x, sum) in sums.iter().enumerate() {
                for (colour, sum) in sum.iter().enumerate() {
                    planes[(colour * side + y) * side + x] = byte(sum / area);
                }
            }
        }
        let side = i64::try_from(side).expect("photographs are small");
        Tensor::f_from_slice(&planes)?.f_view([3, side, side])
    }
}

/// A wave along one side of a photograph, at a frequency and with a phase of its own.
fn wave(random: u32, side: u16, scale: u16) -> Vec<f32> {
    let cycles = f32::from(1 + byte(random) % 12);
    let phase = f32::from(byte(random >> 8)) / 40.0;
    let length = f32::from(side * scale);
    (0..side * scale)
        .map(|place| (f32::from(place) / length * cycles * std::f32::consts::TAU + phase).sin())
        .collect()
}

/// Spreads a small number over 32 bits.
fn mix(number: u32) -> u32 {
    let number = (number + 1).wrapping_mul(0x9E37_79B9);
    let number = (number ^ (number >> 15)).wrapping_mul(0x85EB_CA6B);
    number ^ (number >> 13)
}

/// The lowest eight bits.
fn byte(number: u32) -> u8 {
    number.to_le_bytes()[0]
}

/// `count` images, of those in turn.
pub(crate) fn repeated(images: &[Image], count: usize) -> Vec<Image> {
    images.iter().cycle().take(count).map(Image::again).collect()
}
