//! PNG and JPEG files, read within limits: they may come from a stranger.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::error::ImageError;
use image::imageops::FilterType;
use image::{ColorType, DynamicImage, ImageDecoder as _, ImageReader, Limits};

use super::DataError;

/// The most pixels along a side, and the most bytes that decoding may take.
const MOST_SIDE: u32 = 8192;
const MOST_BYTES: u64 = 512 << 20;

/// An image in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Channels (1 if it is grey, else 3), height and width.
    pub size: [usize; 3],
    /// Channel by channel, row by row, 0-255.
    pub pixels: Vec<u8>,
}

/// Whether a name is that of a PNG or JPEG file.
pub(super) fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    ["png", "jpg", "jpeg"].contains(&extension.as_str())
}

/// Channels, height and width of an image, from its first bytes.
pub(super) fn size(path: &Path) -> Result<[usize; 3], DataError> {
    let decoder = reader(path)?.into_decoder().map_err(|e| wrong(path, e))?;
    let channels = match decoder.color_type() {
        ColorType::L8 | ColorType::La8 => 1,
        ColorType::Rgb8 | ColorType::Rgba8 => 3,
        other => {
            let bits = other.bits_per_pixel() / u16::from(other.channel_count());
            return Err(DataError::file(path, format!("expected 8 bits a channel, got {bits}")));
        }
    };
    let (width, height) = decoder.dimensions();
    Ok([channels, height as usize, width as usize])
}

impl Picture {
    /// Reads an image; `resize` gives it another height and width.
    ///
    /// # Errors
    /// No PNG or JPEG of 8 bits a channel, one that is damaged, too large, or transparent.
    pub fn read(path: &Path, resize: Option<[usize; 2]>) -> Result<Picture, DataError> {
        let [channels, ..] = size(path)?;
        let mut image = reader(path)?.decode().map_err(|e| wrong(path, e))?;
        if !opaque(&image) {
            return Err(DataError::file(path, "it has transparent pixels; put it on a ground of one colour"));
        }
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
        let pixels = (0..channels).flat_map(|c| bytes.iter().skip(c).step_by(channels).copied()).collect();
        Ok(Picture { size, pixels })
    }

    /// The same in so many channels: grey repeated, or colour that is grey throughout taken once. `None` if it cannot be.
    pub fn with_channels(mut self, channels: usize) -> Option<Picture> {
        let [had, height, width] = self.size;
        let plane = height * width;
        match (had, channels) {
            (had, wanted) if had == wanted => {}
            (1, wanted) => self.pixels = self.pixels.repeat(wanted),
            (_, 1) if self.pixels.chunks_exact(plane).all(|other| *other == self.pixels[..plane]) => {
                self.pixels.truncate(plane);
            }
            _ => return None,
        }
        self.size[0] = channels;
        Some(self)
    }
}

fn reader(path: &Path) -> Result<ImageReader<BufReader<File>>, DataError> {
    let file = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let mut reader = file.map_err(DataError::io(path))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    Ok(reader)
}

fn opaque(image: &DynamicImage) -> bool {
    match image {
        DynamicImage::ImageLumaA8(image) => image.pixels().all(|pixel| pixel.0[1] == u8::MAX),
        DynamicImage::ImageRgba8(image) => image.pixels().all(|pixel| pixel.0[3] == u8::MAX),
        _ => true,
    }
}

fn wrong(path: &Path, error: ImageError) -> DataError {
    DataError::file(
        path,
        match error {
            ImageError::IoError(error) => error.to_string(),
            ImageError::Unsupported(_) => "expected a PNG or JPEG".into(),
            ImageError::Limits(_) => format!("expected up to {MOST_SIDE} pixels along a side"),
            ImageError::Decoding(error) => format!("damaged: {error}"),
            error => error.to_string(),
        },
    )
}
