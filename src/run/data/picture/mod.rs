//! PNG and JPEG files, read within limits because they may be untrusted.

mod jpeg;
mod png;

use std::path::Path;

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer};

use super::{DataError, sniff};
use crate::disk;
use crate::limits::{MAX_IMAGE_FILE_BYTES, MAX_IMAGE_SIDE};

const CUT_SHORT: &str = "it is cut short: its data end before its pixels do\n\
                         help: fetch or export it again, or take it out of the folder";

/// An image in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Channels (1 if it is grey, else 3), height and width.
    pub size: [usize; 3],
    /// Channel by channel, row by row, 0-255.
    pub pixels: Vec<u8>,
}

/// The header of a file.
struct Head {
    /// 1 or 3, transparency not counted.
    channels: usize,
    /// The stored size; [`Head::size`] is that of the oriented image.
    height: usize,
    width: usize,
    orientation: Orientation,
}

/// An image as stored in its file.
struct Raw {
    head: Head,
    /// Bytes of a pixel: 1, 2 (with transparency), 3 or 4.
    samples: usize,
    pixels: Vec<u8>,
}

/// Whether a name is that of a PNG or JPEG file.
pub(super) fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    ["png", "jpg", "jpeg"].contains(&extension.as_str())
}

/// Channels, height and width of the oriented image, without decoding it.
pub(super) fn size(path: &Path) -> Result<[usize; 3], DataError> {
    let bytes = read(path)?;
    let head = match sniff::kind(&bytes) {
        Some(sniff::PNG) => png::head(&bytes),
        Some(sniff::JPEG) => jpeg::head(&bytes),
        other => Err(no_picture(other, &bytes)),
    };
    head.map(|head| head.size()).map_err(|reason| DataError::file(path, reason))
}

impl Picture {
    /// Reads an image and applies its EXIF orientation; `resize` gives it another height and
    /// width.
    ///
    /// # Errors
    /// Not a PNG or JPEG with 8 bits per channel, or one that is damaged, truncated, animated, too
    /// large, or transparent.
    pub fn read(path: &Path, resize: Option<[usize; 2]>) -> Result<Picture, DataError> {
        let bytes = read(path)?;
        let raw = match sniff::kind(&bytes) {
            Some(sniff::PNG) => png::decode(&bytes),
            Some(sniff::JPEG) => jpeg::decode(&bytes),
            other => Err(no_picture(other, &bytes)),
        };
        let picture = raw.and_then(|raw| raw.picture(resize));
        picture.map_err(|reason| DataError::file(path, reason))
    }

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

impl Head {
    fn size(&self) -> [usize; 3] {
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
    fn picture(self, resize: Option<[usize; 2]>) -> Result<Picture, String> {
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

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    disk::read(path, MAX_IMAGE_FILE_BYTES).map_err(DataError::io(path))
}

fn no_picture(kind: Option<&str>, bytes: &[u8]) -> String {
    match kind {
        _ if bytes.is_empty() => "expected a PNG or JPEG, got an empty file".into(),
        Some(kind) if kind.ends_with("image") => format!(
            "expected a PNG or JPEG, got {kind}\n\
             help: with ImageMagick, for example: mogrify -format png FILE"
        ),
        Some(kind) => format!("expected a PNG or JPEG, got {kind}"),
        None => "expected a PNG or JPEG, got other bytes".into(),
    }
}

fn too_large(width: usize, height: usize) -> String {
    format!("expected up to {MAX_IMAGE_SIDE} pixels along a side, got {width} x {height}")
}
