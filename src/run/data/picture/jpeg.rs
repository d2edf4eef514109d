//! JPEG: the pixels, and which side is up.

use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::raw::{CUT_SHORT, Head, Raw, damaged_data, too_large};
use super::scan::left_over;
use crate::limits::MAX_IMAGE_SIDE;

const END: [u8; 2] = [0xff, 0xd9];
/// Bytes that are valid in every code table.
const FILLER: [u8; 64] = [0x5a; 64];

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

pub(super) fn head(bytes: &[u8]) -> Result<Head, String> {
    open(bytes).map(|(head, _)| head)
}

/// If data end too early, a decoder fills the rest with grey up to the end marker. If they are
/// complete, bytes between them and that marker do not matter; so they are also decoded with bytes
/// added there, and must give the same image. Bytes that no pixel needs are of damage too.
pub(super) fn decode(bytes: &[u8]) -> Result<Raw, String> {
    let end = data_end(bytes).ok_or(CUT_SHORT)?;
    let ended = [&bytes[..end], &END].concat();
    let whole = pixels(&ended)?;
    match left_over(&ended) {
        0 => {}
        1 => return Err(damaged_data("after its pixels there is a byte of data left")),
        left => {
            return Err(damaged_data(&format!(
                "after its pixels there are {left} bytes of data left"
            )));
        }
    }
    let filled = pixels(&[&bytes[..end], &FILLER, &END].concat());
    match filled {
        Ok(filled) if filled.pixels == whole.pixels => Ok(whole),
        Ok(_) | Err(_) => Err(CUT_SHORT.into()),
    }
}

fn pixels(bytes: &[u8]) -> Result<Raw, String> {
    let (head, mut decoder) = open(bytes)?;
    let samples = head.channels;
    let mut pixels = vec![0; head.width * head.height * samples];
    decoder.decode_into(&mut pixels).map_err(damaged)?;
    Ok(Raw { head, samples, pixels })
}

fn open(bytes: &[u8]) -> Result<(Head, Decoder<'_>), String> {
    let most = usize::from(u16::MAX);
    let options =
        DecoderOptions::default().set_strict_mode(true).set_max_width(most).set_max_height(most);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().ok_or(CUT_SHORT)?;
    if width.max(height) > MAX_IMAGE_SIDE {
        return Err(too_large(width, height));
    }
    let (channels, colours) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (1, ColorSpace::Luma),
        Some(ColorSpace::YCbCr | ColorSpace::RGB) => (3, ColorSpace::RGB),
        other => {
            let other = other.map_or_else(String::new, |other| format!(", got {other:?}"));
            return Err(format!(
                "expected a grey or an RGB image{other}\n\
                 help: with ImageMagick, for example: mogrify -colorspace sRGB FILE"
            ));
        }
    };
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    Ok((Head { channels, height, width, orientation }, decoder))
}

/// The position of the first image's end marker: the first one after the segments before its data,
/// which may contain a preview with its own end marker.
fn data_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        let (&[start, marker], rest) = bytes.get(at..)?.split_first_chunk::<2>()?;
        match (start, marker) {
            (0xff, 0xff) => at += 1,
            (0xff, 0xda) => break,
            (0xff, 0x01 | 0xd0..=0xd8) => at += 2,
            (0xff, _) => {
                let length = rest.first_chunk::<2>().map(|length| u16::from_be_bytes(*length))?;
                at += 2 + usize::from(length.max(2));
            }
            _ => at += 1,
        }
    }
    let after = bytes[at..].windows(2).position(|pair| pair == END)?;
    // Bytes of ones may stand before a marker. Data do not end in one: a zero would follow it.
    let data = &bytes[..at + after];
    Some(data.iter().rposition(|&byte| byte != 0xff).map_or(0, |last| last + 1))
}

fn damaged(error: DecodeErrors) -> String {
    match error {
        // All is in memory: there is no other reason for a read that fails.
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => CUT_SHORT.into(),
        DecodeErrors::Format(text)
        | DecodeErrors::HuffmanDecode(text)
        | DecodeErrors::DqtError(text)
        | DecodeErrors::SosError(text)
        | DecodeErrors::SofError(text)
        | DecodeErrors::MCUError(text) => damaged_data(&text),
        DecodeErrors::FormatStatic(text) => damaged_data(text),
        error => damaged_data(&error.to_string()),
    }
}
