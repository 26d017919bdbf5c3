//! The Mandelbrot set, one line of pixels at a time.

/// Bytes of a pixel: red, green and blue.
pub const CHANNELS: usize = 3;

/// A picture of the whole set, centred.
///
/// ```
/// use easycore_examples::mandelbrot::{CHANNELS, Picture};
///
/// let picture = Picture { width: 35, height: 25, iterations: 100 };
/// let middle = picture.line(12);
/// assert_eq!(middle.len(), 35 * CHANNELS);
/// assert_eq!(middle[17 * CHANNELS..][..CHANNELS], [0, 0, 0], "the set is black");
/// assert_ne!(picture.line(0), middle);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// How often a point may be iterated; one that has not escaped by then counts as part of the set.
    pub iterations: u32,
}

impl Picture {
    /// The pixels of line `line`, counted from the top, from left to right.
    #[must_use]
    pub fn line(&self, line: u32) -> Vec<u8> {
        const CENTRE: f64 = -0.75;
        const WIDTH: f64 = 3.5;
        const HEIGHT: f64 = 2.5;

        let pixel = (WIDTH / f64::from(self.width)).max(HEIGHT / f64::from(self.height));
        let from_middle = |index: u32, count: u32| (f64::from(index) + 0.5 - f64::from(count) / 2.0) * pixel;
        let imaginary = -from_middle(line, self.height);
        (0..self.width)
            .flat_map(|column| {
                let real = CENTRE + from_middle(column, self.width);
                self.escape(real, imaginary).map_or([0; CHANNELS], colour)
            })
            .collect()
    }

    /// After how many iterations a point is known to be outside the set.
    fn escape(&self, real: f64, imaginary: f64) -> Option<u32> {
        let (mut x, mut y) = (0.0, 0.0);
        (0..self.iterations).find(|_| {
            let (x_squared, y_squared) = (x * x, y * y);
            y = 2.0 * x * y + imaginary;
            x = x_squared - y_squared + real;
            x_squared + y_squared > 4.0
        })
    }
}

/// Colours that come again, so that they tell points apart however many iterations there are.
fn colour(iterations: u32) -> [u8; CHANNELS] {
    const PHASES: [f64; CHANNELS] = [3.0, 3.6, 4.2];

    let angle = 0.15 * f64::from(iterations);
    PHASES.map(|phase| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 255")]
        let channel = (127.5 * (1.0 + (angle + phase).cos())) as u8;
        channel
    })
}
