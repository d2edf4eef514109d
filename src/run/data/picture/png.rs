//! PNG: the pixels and the orientation; no colour profile and no text is unpacked.

use std::io::Cursor;

use image::metadata::Orientation;
use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Reader, Transformations};

use super::raw::{CUT_SHORT, Head, Raw, damaged_data, too_large};
use crate::limits::MAX_IMAGE_SIDE;

/// The maximum that the decoder may allocate besides the pixels.
const MOST_SCRATCH: usize = 64 << 20;

type PngReader<'a> = Reader<Cursor<&'a [u8]>>;

pub(super) fn head(bytes: &[u8]) -> Result<Head, String> {
    open(bytes).map(|(head, _)| head)
}

pub(super) fn decode(bytes: &[u8]) -> Result<Raw, String> {
    let (head, mut reader) = open(bytes)?;
    let samples = reader.output_color_type().0.samples();
    let mut pixels = vec![0; head.width * head.height * samples];
    reader.next_frame(&mut pixels).map_err(damaged)?;
    Ok(Raw { head, samples, pixels })
}

fn open(bytes: &[u8]) -> Result<(Head, PngReader<'_>), String> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MOST_SCRATCH });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    let (width, height) = decoder.read_header_info().map_err(damaged)?.size();
    if width.max(height) as usize > MAX_IMAGE_SIDE {
        return Err(too_large(width as usize, height as usize));
    }
    let reader = decoder.read_info().map_err(damaged)?;
    let info = reader.info();
    if let Some(animation) = info.animation_control.filter(|animation| animation.num_frames > 1) {
        return Err(format!(
            "it is an animation of {} frames, expected one image\n\
             help: keep one frame, for example with ffmpeg: ffmpeg -i FILE -frames:v 1 NEW.png",
            animation.num_frames
        ));
    }
    let channels = match reader.output_color_type() {
        (ColorType::Grayscale | ColorType::GrayscaleAlpha, BitDepth::Eight) => 1,
        (ColorType::Rgb | ColorType::Rgba, BitDepth::Eight) => 3,
        (_, depth) => {
            return Err(format!(
                "expected 8 bits a channel, got {}\n\
                 help: with ImageMagick, for example: mogrify -depth 8 FILE",
                depth as u8
            ));
        }
    };
    let orientation =
        info.exif_metadata.as_ref().and_then(|exif| Orientation::from_exif_chunk(exif));
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    let head = Head { channels, height: height as usize, width: width as usize, orientation };
    Ok((head, reader))
}

fn damaged(error: DecodingError) -> String {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            CUT_SHORT.into()
        }
        error => damaged_data(&plain(&error.to_string())),
    }
}

/// What the decoder says of a file, without the notation of its source: it names a part as
/// `ChunkType { type: IDAT, critical: true }`.
fn plain(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let part = text.split_once("ChunkType { type: ").and_then(|(before, rest)| {
        let (inside, after) = rest.split_once(" }")?;
        Some((before, inside.split(',').next().unwrap_or_default(), after))
    });
    match part {
        Some((_, name, _)) if text.starts_with("CRC error") => {
            format!("the checksum of its part {name} is not that of its content")
        }
        Some((before, name, after)) => format!("{before}{name}{after}"),
        None => text.replace(". ", ": "),
    }
}
