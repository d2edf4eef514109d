//! Single images: what is read, what is refused, and that the advice names the way out. The JPEGs
//! of `tests/cases/data` show one scene of 32 x 24 pixels in the ways that JPEG has to store it;
//! the other files are written here.

use std::fs;
use std::path::{Path, PathBuf};

use netc::run::data::Picture;
use png::{BitDepth, ColorType};

fn case(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/data").join(name)).unwrap()
}

/// The JPEGs that are sound.
const SOUND: [&str; 6] =
    ["baseline.jpg", "full_chroma.jpg", "grey.jpg", "plain.jpg", "progressive.jpg", "restarts.jpg"];

/// Reads these bytes as a file of this name.
fn read(name: &str, bytes: &[u8]) -> Result<Picture, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let text = |error: netc::run::data::DataError| error.to_string();
    let picture = Picture::read(&path, None).map_err(text);
    picture.map_err(|text| text.replace(&folder.path().display().to_string(), "DIR"))
}

/// A PNG file with what `set` adds to its head.
fn png(
    [width, height]: [u32; 2],
    (colour, depth): (ColorType, BitDepth),
    set: impl Fn(&mut png::Encoder<'_, &mut Vec<u8>>),
    pixels: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    set(&mut encoder);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

/// A JPEG whose EXIF says that it lies on its side, or another way.
pub fn turned(bytes: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [
        &b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"[..],
        &[orientation],
        &b"\0\0\0\0\0\0"[..],
    ]
    .concat();
    let length = (tiff.len() as u16 + 2).to_be_bytes();
    [&bytes[..2], b"\xff\xe1", &length, &tiff, &bytes[2..]].concat()
}

#[test]
fn every_kind_of_jpeg_is_read_as_another_decoder_reads_it() {
    for name in SOUND {
        let bytes = case(name);
        let picture = read(name, &bytes).unwrap_or_else(|text| panic!("{text}"));
        let other = image::load_from_memory(&bytes).unwrap();
        let channels = if name == "grey.jpg" { 1 } else { 3 };
        assert_eq!(picture.size, [channels, 24, 32], "{name}");
        let other = other.to_rgb8();
        for (at, pixel) in other.pixels().enumerate() {
            for (channel, &value) in pixel.0.iter().enumerate().take(channels) {
                let own = picture.pixels[channel * 24 * 32 + at];
                assert!(own.abs_diff(value) <= 2, "{name} at {at}: {own} {value}");
            }
        }
    }
}

/// A download that was cut off, also where something put an end marker behind it or kept the length
/// that it would have.
#[test]
fn a_jpeg_cut_short_anywhere_is_refused() {
    for name in SOUND {
        let bytes = case(name);
        let data = bytes.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap() + 16;
        for at in (2..bytes.len() - 2).step_by(7).chain([bytes.len() - 4, bytes.len() - 3]) {
            let cut = &bytes[..at];
            assert!(read(name, cut).is_err(), "{name} cut at {at} of {}", bytes.len());
            let zeros = vec![0; bytes.len() - at];
            assert!(read(name, &[cut, &zeros].concat()).is_err(), "{name} with zeros from {at}");
            // A progressive image that lacks whole scans is coarser, and sound.
            if at < bytes.len() - 4 && (at > data || name != "progressive.jpg") {
                assert!(read(name, &[cut, b"\xff\xd9"].concat()).is_err(), "{name} ended at {at}");
            }
        }
    }
    let half = case("baseline.jpg");
    assert_eq!(
        read("a.jpg", &half[..half.len() / 2]).unwrap_err(),
        "DIR/a.jpg: it is cut short: its data end before its pixels do\n\
         help: fetch or export it again, or take it out of the folder"
    );
}

/// With valid codes in a wrong place, all pixels are there before all data are read.
#[test]
fn a_jpeg_with_data_left_over_is_refused() {
    let sequential = SOUND.iter().filter(|name| **name != "progressive.jpg");
    let mut messages = Vec::new();
    for name in sequential {
        let bytes = case(name);
        let (data, end) = bytes.split_at(bytes.len() - 2);
        assert_eq!(end, b"\xff\xd9", "{name}");
        let with = |more: &[u8]| read(name, &[data, more, end].concat());
        messages.push(with(&[0x31, 0x41, 0x59, 0x26]).unwrap_err());
        assert!(with(&[0; 64]).is_err() && with(&[0x5a]).is_err(), "{name}");
        // The first part of an image, and its second part from earlier on.
        let scan = bytes.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap() + 14;
        let (middle, back) = (scan + (bytes.len() - scan) * 6 / 10, (bytes.len() - scan) / 4);
        let joined = [&bytes[..middle], &bytes[middle - back..]].concat();
        assert!(read(name, &joined).is_err(), "{name}");
        // What fills up a word, what may stand before a marker, and what follows the image.
        let whole = read(name, &bytes).unwrap();
        assert_eq!(with(&[0, 0, 0]).unwrap(), whole, "{name}");
        assert_eq!(with(&[0xff, 0xff]).unwrap(), whole, "{name}");
        assert_eq!(read(name, &[&bytes[..], b"more"].concat()).unwrap(), whole, "{name}");
    }
    // Before a restart marker too.
    let bytes = case("restarts.jpg");
    let marker = bytes.windows(2).position(|pair| pair == [0xff, 0xd0]).unwrap();
    let more = [&bytes[..marker], &[0x31, 0x41, 0x59, 0x26], &bytes[marker..]].concat();
    assert!(read("restarts.jpg", &more).is_err());
    assert_eq!(
        messages[0],
        "DIR/baseline.jpg: damaged: after its pixels there are 4 bytes of data left\n\
         help: fetch or export it again, or take it out of the folder"
    );
}

#[test]
fn a_png_cut_short_is_refused() {
    let pixels: Vec<u8> = (0..32 * 24 * 3).map(|i| (i * i % 251) as u8).collect();
    let whole = png([32, 24], (ColorType::Rgb, BitDepth::Eight), |_| {}, &pixels);
    assert!(read("a.png", &whole).is_ok());
    // The last 12 bytes are the end marker, and the 4 before them a checksum.
    for at in (0..whole.len() - 16).step_by(5) {
        assert!(read("a.png", &whole[..at]).is_err(), "cut at {at} of {}", whole.len());
    }
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    assert_eq!(
        read("a.png", &damaged).unwrap_err(),
        "DIR/a.png: damaged: the checksum of its part IDAT is not that of its content\n\
         help: fetch or export it again, or take it out of the folder"
    );
}

#[test]
fn the_orientation_of_exif_is_followed() {
    let bytes = case("baseline.jpg");
    let upright = read("a.jpg", &bytes).unwrap();
    let pixel = |picture: &Picture, y: usize, x: usize| picture.pixels[y * picture.size[2] + x];
    // Where the pixel at row y and column x of the upright image is found.
    type Place = fn(usize, usize) -> [usize; 2];
    let ways: [(u8, [usize; 2], Place); 8] = [
        (1, [24, 32], |y, x| [y, x]),
        (2, [24, 32], |y, x| [y, 31 - x]),
        (3, [24, 32], |y, x| [23 - y, 31 - x]),
        (4, [24, 32], |y, x| [23 - y, x]),
        (5, [32, 24], |y, x| [x, y]),
        (6, [32, 24], |y, x| [x, 23 - y]),
        (7, [32, 24], |y, x| [31 - x, 23 - y]),
        (8, [32, 24], |y, x| [31 - x, y]),
    ];
    for (orientation, [height, width], place) in ways {
        let picture = read("a.jpg", &turned(&bytes, orientation)).unwrap();
        assert_eq!(picture.size, [3, height, width], "{orientation}");
        for (y, x) in [(0, 0), (5, 20), (23, 31), (23, 0)] {
            let [row, column] = place(y, x);
            assert_eq!(
                pixel(&picture, row, column),
                pixel(&upright, y, x),
                "{orientation} {y} {x}"
            );
        }
    }

    // In PNG the same note is a chunk before the data.
    let whole = png([3, 2], (ColorType::Grayscale, BitDepth::Eight), |_| {}, &[1, 2, 3, 4, 5, 6]);
    let exif = [b"eXIf", &turned(b"\xff\xd8", 6)[12..]].concat();
    let mut sum = flate2::Crc::new();
    sum.update(&exif);
    let (length, sum) = ((exif.len() as u32 - 4).to_be_bytes(), sum.sum().to_be_bytes());
    let bytes = [&whole[..33], &length, &exif, &sum, &whole[33..]].concat();
    let picture = read("a.png", &bytes).unwrap();
    assert_eq!(picture, Picture { size: [1, 3, 2], pixels: vec![4, 1, 5, 2, 6, 3] });
}

#[test]
fn kinds_of_png_are_read() {
    let grey = [0, 85, 170, 255, 1, 2];
    let palette = |encoder: &mut png::Encoder<'_, &mut Vec<u8>>| {
        encoder.set_palette(vec![1, 2, 3, 40, 50, 60]);
    };
    let two = |encoder: &mut png::Encoder<'_, &mut Vec<u8>>| {
        encoder.set_palette(vec![1, 2, 3, 40, 50, 60]);
        encoder.set_trns(vec![255, 255]);
    };
    for (bytes, size, pixels) in [
        (
            png([3, 2], (ColorType::Grayscale, BitDepth::Eight), |_| {}, &grey),
            [1, 2, 3],
            grey.to_vec(),
        ),
        (
            png([2, 2], (ColorType::Grayscale, BitDepth::Two), |_| {}, &[0b0001_0000, 0b1011_0000]),
            [1, 2, 2],
            vec![0, 85, 170, 255],
        ),
        (
            png([2, 1], (ColorType::Indexed, BitDepth::Eight), palette, &[1, 0]),
            [3, 1, 2],
            vec![40, 1, 50, 2, 60, 3],
        ),
        (
            png([2, 1], (ColorType::Indexed, BitDepth::One), two, &[0b1000_0000]),
            [3, 1, 2],
            vec![40, 1, 50, 2, 60, 3],
        ),
        (
            png([1, 1], (ColorType::Rgba, BitDepth::Eight), |_| {}, &[7, 8, 9, 255]),
            [3, 1, 1],
            vec![7, 8, 9],
        ),
    ] {
        assert_eq!(read("a.png", &bytes), Ok(Picture { size, pixels }));
    }
    // By its content, whatever its name says.
    assert_eq!(read("a.png", &case("grey.jpg")), read("a.jpg", &case("grey.jpg")));
}

#[test]
fn what_cannot_be_right_is_refused_with_a_way_out() {
    let holes = |encoder: &mut png::Encoder<'_, &mut Vec<u8>>| {
        encoder.set_palette(vec![1, 2, 3, 40, 50, 60]);
        encoder.set_trns(vec![0, 255]);
    };
    let frames = |encoder: &mut png::Encoder<'_, &mut Vec<u8>>| encoder.set_animated(2, 0).unwrap();
    let files = [
        ("cmyk.jpg", case("cmyk.jpg")),
        ("deep.png", png([1, 1], (ColorType::Rgb, BitDepth::Sixteen), |_| {}, &[1; 6])),
        ("clear.png", png([1, 1], (ColorType::GrayscaleAlpha, BitDepth::Eight), |_| {}, &[9, 254])),
        ("holes.png", png([2, 1], (ColorType::Indexed, BitDepth::Eight), holes, &[0, 1])),
        ("moving.png", {
            let mut bytes = Vec::new();
            let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
            frames(&mut encoder);
            let mut writer = encoder.write_header().unwrap();
            writer.write_image_data(&[1]).unwrap();
            writer.write_image_data(&[2]).unwrap();
            writer.finish().unwrap();
            bytes
        }),
        ("other.png", b"GIF89a\x01\0\x01\0".to_vec()),
        ("page.jpg", b"<!DOCTYPE html><p>404".to_vec()),
        ("empty.jpg", Vec::new()),
        ("text.png", b"words".to_vec()),
    ];
    let messages: Vec<String> =
        files.iter().map(|(name, bytes)| read(name, bytes).unwrap_err()).collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    DIR/cmyk.jpg: expected a grey or an RGB image, got CMYK
    help: with ImageMagick, for example: mogrify -colorspace sRGB FILE
    DIR/deep.png: expected 8 bits a channel, got 16
    help: with ImageMagick, for example: mogrify -depth 8 FILE
    DIR/clear.png: it has transparent pixels, and what stands behind them would be a guess
    help: with ImageMagick, for example: mogrify -background white -alpha remove -alpha off FILE
    DIR/holes.png: it has transparent pixels, and what stands behind them would be a guess
    help: with ImageMagick, for example: mogrify -background white -alpha remove -alpha off FILE
    DIR/moving.png: it is an animation of 2 frames, expected one image
    help: keep one frame, for example with ffmpeg: ffmpeg -i FILE -frames:v 1 NEW.png
    DIR/other.png: expected a PNG or JPEG, got a GIF image
    help: with ImageMagick, for example: mogrify -format png FILE
    DIR/page.jpg: expected a PNG or JPEG, got XML or HTML, such as an error page in place of a download
    DIR/empty.jpg: expected a PNG or JPEG, got an empty file
    DIR/text.png: expected a PNG or JPEG, got other bytes
    "#);
}

/// A device or a pipe is refused before it is opened, in every place where a picture is due.
#[test]
fn a_picture_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let pipe: PathBuf = folder.path().join("pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let zero = folder.path().join("zero.png");
    std::os::unix::fs::symlink("/dev/zero", &zero).unwrap();
    let why = |path: &Path| Picture::read(path, None).unwrap_err().to_string();
    assert!(why(&pipe).ends_with("pipe.png: a pipe"), "{}", why(&pipe));
    assert!(why(&zero).ends_with("zero.png: a device"), "{}", why(&zero));
    assert!(why(folder.path()).contains("directory"), "{}", why(folder.path()));
    let under = pipe.join("a.png");
    assert!(why(&under).contains("Not a directory"), "{}", why(&under));
}
