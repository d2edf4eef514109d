//! An image as its file stores it, and as a net takes it.

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer};

use crate::limits::MAX_IMAGE_SIDE;

pub(super) const CUT_SHORT: &str = "it is cut short: its data end before its pixels do\n\
                         help: fetch or export it again, or take it out of the folder";

/// The error for a file with this damage.
pub(super) fn damaged_data(what: &str) -> String {
    format!("damaged: {what}\nhelp: fetch or export it again, or take it out of the folder")
}

/// An image in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Channels (1 if it is grey, else 3), height and width.
    pub size: [usize; 3],
    /// Channel by channel, row by row, 0-255.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// The image in this many channels: grey is repeated, and colour that is grey throughout is
    /// reduced to one channel. `None` if that is impossible.
    pub fn with_channels(mut self, channels: usize) -> Option<Picture> {
        let [had, height, width] = self.size;
        let plane = height * width;
        match (had, channels) {
            (had, wanted) if had == wanted => {}
            (1, wanted) => self.pixels = self.pixels.repeat(wanted),
            (_, 1)
                if self.pixels.chunks_exact(plane).all(|other| *other == self.pixels[..plane]) =>
            {
                self.pixels.truncate(plane);
            }
            _ => return None,
        }
        self.size[0] = channels;
        Some(self)
    }
}

/// The header of a file.
pub(super) struct Head {
    /// 1 or 3, transparency not counted.
    pub channels: usize,
    /// The stored size; [`Head::size`] is that of the oriented image.
    pub height: usize,
    pub width: usize,
    pub orientation: Orientation,
}

/// An image as stored in its file.
pub(super) struct Raw {
    pub head: Head,
    /// Bytes of a pixel: 1, 2 (with transparency), 3 or 4.
    pub samples: usize,
    pub pixels: Vec<u8>,
}

impl Head {
    pub fn size(&self) -> [usize; 3] {
        let turned = matches!(
            self.orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        let [height, width] =
            if turned { [self.width, self.height] } else { [self.height, self.width] };
        [self.channels, height, width]
    }
}

impl Raw {
    pub fn picture(self, resize: Option<[usize; 2]>) -> Result<Picture, String> {
        let Head { channels, orientation, .. } = self.head;
        let transparent = self.samples != channels
            && self
                .pixels
                .iter()
                .skip(channels)
                .step_by(self.samples)
                .any(|&alpha| alpha != u8::MAX);
        if transparent {
            return Err(
                "it has transparent pixels, and what stands behind them would be a guess\n\
                        help: with ImageMagick, for example: \
                        mogrify -background white -alpha remove -alpha off FILE"
                    .into(),
            );
        }
        let mut image = self.image().ok_or("its size and its pixels do not agree")?;
        image.apply_orientation(orientation);
        if let Some([height, width]) = resize.map(|side| side.map(|n| n as u32))
            && (image.height(), image.width()) != (height, width)
        {
            image = image.resize_exact(width, height, FilterType::Triangle);
        }
        let size = [channels, image.height() as usize, image.width() as usize];
        let bytes = match channels {
            1 => image.into_luma8().into_raw(),
            _ => image.into_rgb8().into_raw(),
        };
        let pixels =
            (0..channels).flat_map(|c| bytes.iter().skip(c).step_by(channels).copied()).collect();
        Ok(Picture { size, pixels })
    }

    fn image(self) -> Option<DynamicImage> {
        let (width, height) = (self.head.width as u32, self.head.height as u32);
        match self.samples {
            1 => ImageBuffer::from_raw(width, height, self.pixels).map(DynamicImage::ImageLuma8),
            2 => ImageBuffer::from_raw(width, height, self.pixels).map(DynamicImage::ImageLumaA8),
            3 => ImageBuffer::from_raw(width, height, self.pixels).map(DynamicImage::ImageRgb8),
            _ => ImageBuffer::from_raw(width, height, self.pixels).map(DynamicImage::ImageRgba8),
        }
    }
}

pub(super) fn too_large(width: usize, height: usize) -> String {
    format!("expected up to {MAX_IMAGE_SIDE} pixels along a side, got {width} x {height}")
}
