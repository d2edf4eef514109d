//! Folders of images by class. The images are written here.

use std::fs;
use std::path::Path;

use image::{GrayImage, Rgb, RgbImage};
use netc::run::data::{DataError, DataSpec, Dataset, Progress, load};

/// A PNG or JPEG of one colour, by its extension.
pub fn colour(path: &Path, [height, width]: [u32; 2], rgb: [u8; 3]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(width, height, Rgb(rgb)).save(path).unwrap();
}

/// A grey PNG with this value in its first pixel and 0 elsewhere.
pub fn grey(path: &Path, [height, width]: [u32; 2], first: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut image = GrayImage::new(width, height);
    image.put_pixel(0, 0, image::Luma([first]));
    image.save(path).unwrap();
}

fn read(folder: &Path) -> Result<Dataset, DataError> {
    load(&DataSpec::Path(folder.to_owned()), &mut |_| {})
}

fn message(folder: &Path) -> String {
    read(folder).unwrap_err().to_string().replace(&folder.display().to_string(), "DIR")
}

/// Whether a split has this image under this label.
fn has(set: &Dataset, split: &netc::run::data::Split, label: u16, pixels: &[u8]) -> bool {
    let size = set.image.iter().product();
    split
        .images
        .chunks_exact(size)
        .zip(&split.labels)
        .any(|(image, &l)| image == pixels && l == label)
}

#[test]
fn folders_of_training_and_test_images_are_read_by_class() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    colour(&at("train/dog/a.png"), [2, 3], [1, 2, 3]);
    colour(&at("train/cat/b.PNG"), [2, 3], [4, 5, 6]);
    grey(&at("train/cat/c.png"), [2, 3], 9);
    colour(&at("test/dog/d.jpg"), [2, 3], [128, 128, 128]);
    fs::write(at("train/cat/notes.txt"), "no image").unwrap();
    fs::write(at("train/cat/.hidden"), "no one's business").unwrap();
    fs::write(at("README"), "not in a class").unwrap();

    let mut seen = 0;
    let spec = DataSpec::Path(folder.path().to_owned());
    let set =
        load(&spec, &mut |p| seen += usize::from(matches!(p, Progress::Images { total: 4, .. })))
            .unwrap();
    assert!(seen >= 2, "each split says how far it is");
    assert_eq!((set.classes.clone(), set.image), (vec!["cat".into(), "dog".into()], [3, 2, 3]));
    assert_eq!((set.train.len(), set.test.len()), (3, 1));
    let plain = |rgb: [u8; 3]| rgb.map(|c| [c; 6]).concat();
    assert!(
        has(&set, &set.train, 1, &plain([1, 2, 3])) && has(&set, &set.train, 0, &plain([4, 5, 6]))
    );
    // Grey among colours is grey in all three.
    assert!(has(&set, &set.train, 0, &[[9, 0, 0, 0, 0, 0]; 3].concat()));
    assert!(has(&set, &set.test, 1, &plain([128, 128, 128])));
    assert_eq!(
        set.note.as_deref(),
        Some(
            "1 file that is not named .png, .jpg or .jpeg is left out\nwarning: no test image is of class cat"
        )
    );
    assert_eq!(set.path, Some(folder.path().canonicalize().unwrap()));
    // One of the three images is grey: a 9 and five zeros.
    for (channel, mean) in set.normalisation.mean.iter().enumerate() {
        let expected = (2 * channel + 5) as f32 / 3.0 + 0.5;
        assert!((mean - expected).abs() < 1e-6, "{mean} {expected}");
    }
}

#[test]
fn of_a_folder_without_a_split_the_same_fifth_is_held_out_each_time() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["one", "two"] {
        for i in 0..10 {
            grey(&folder.path().join(format!("{class}/{i}.png")), [4, 4], i + 1);
        }
    }
    let set = read(folder.path()).unwrap();
    assert_eq!((set.image, set.train.len(), set.test.len()), ([1, 4, 4], 16, 4));
    assert_eq!(set.test.labels.iter().filter(|&&label| label == 0).count(), 2);
    assert_eq!(
        set.note.as_deref(),
        Some(
            "a fifth of each class, chosen by a hash of the file names, is held out for testing: 4 images"
        )
    );
    let first = |split: &netc::run::data::Split| {
        split.images.iter().step_by(16).copied().collect::<Vec<_>>()
    };
    let mut all = [first(&set.train), first(&set.test)].concat();
    all.sort_unstable();
    assert_eq!(
        all,
        (1..=10).flat_map(|i| [i, i]).collect::<Vec<_>>(),
        "every image is in one of the splits"
    );
    assert!(
        set.train.labels[..8].contains(&0) && set.train.labels[..8].contains(&1),
        "classes are mixed"
    );

    // Elsewhere, the same images are held out.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::rename(folder.path().join("one"), elsewhere.path().join("one")).unwrap();
    fs::rename(folder.path().join("two"), elsewhere.path().join("two")).unwrap();
    let moved = read(elsewhere.path()).unwrap();
    assert_eq!((moved.train, moved.test), (set.train, set.test));
}

#[test]
fn folders_that_cannot_be_trained_on_are_refused() {
    let mut messages = Vec::new();
    let mut refuse = |fill: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        messages.push(message(folder.path()));
    };
    refuse(&|dir| {
        colour(&dir.join("train/a/1.png"), [32, 32], [0; 3]);
        colour(&dir.join("train/a/2.png"), [32, 48], [0; 3]);
        colour(&dir.join("test/a/3.png"), [32, 32], [0; 3]);
    });
    refuse(&|dir| {
        colour(&dir.join("train/a/1.png"), [8, 8], [0; 3]);
        colour(&dir.join("test/b/1.png"), [8, 8], [0; 3]);
    });
    refuse(&|dir| colour(&dir.join("train/a/1.png"), [8, 8], [0; 3]));
    refuse(&|dir| {
        colour(&dir.join("a/1.png"), [8, 8], [0; 3]);
        colour(&dir.join("a/deeper/2.png"), [8, 8], [0; 3]);
    });
    refuse(&|dir| {
        colour(&dir.join("a/1.png"), [8, 8], [0; 3]);
        fs::create_dir(dir.join("b")).unwrap();
    });
    refuse(&|dir| colour(&dir.join("a/1.png"), [8, 8], [0; 3]));
    refuse(&|dir| {
        colour(&dir.join("a/1.png"), [8, 8], [0; 3]);
        colour(&dir.join("a\u{1b}[31m/1.png"), [8, 8], [0; 3]);
    });
    refuse(&|dir| {
        fs::create_dir(dir.join("a")).unwrap();
        fs::write(dir.join("a/1.png"), "no image at all").unwrap();
        fs::write(dir.join("a/2.png"), "nor this").unwrap();
    });
    refuse(&|dir| {
        grey(&dir.join("a/1.png"), [64, 64], 1);
        let bytes = fs::read(dir.join("a/1.png")).unwrap();
        fs::write(dir.join("a/1.png"), &bytes[..bytes.len() - 30]).unwrap();
        grey(&dir.join("a/2.png"), [64, 64], 1);
    });
    refuse(&|dir| {
        fs::create_dir(dir.join("a")).unwrap();
        image::RgbaImage::new(8, 8).save(dir.join("a/1.png")).unwrap();
        image::RgbaImage::new(8, 8).save(dir.join("a/2.png")).unwrap();
    });
    refuse(&|dir| {
        fs::create_dir(dir.join("a")).unwrap();
        image::ImageBuffer::<image::Luma<u16>, Vec<u16>>::new(8, 8)
            .save(dir.join("a/1.png"))
            .unwrap();
        grey(&dir.join("a/2.png"), [8, 8], 1);
    });
    refuse(&|dir| {
        // A head that promises 50,000 x 50,000 pixels.
        grey(&dir.join("a/1.png"), [8, 8], 1);
        grey(&dir.join("a/2.png"), [8, 8], 1);
        let mut bytes = fs::read(dir.join("a/1.png")).unwrap();
        bytes[16..20].copy_from_slice(&50_000u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&50_000u32.to_be_bytes());
        let sum = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.to_be_bytes());
        fs::write(dir.join("a/1.png"), bytes).unwrap();
    });
    insta::assert_snapshot!(messages.join("\n"), @r#"
    DIR/train/a/2.png: it is 48 x 32 pixels, but DIR/test/a/3.png is 32 x 32: every image must have one size
    help: with ImageMagick, for example: mogrify -resize 32x32! FILE...
    DIR/test: its class `b` is not among the 1 of DIR/train
    DIR: it has train/ but no test/ (or val/) beside it
    help: put a part of its images there, in folders of the same names
    DIR/a/deeper: expected an image, got a folder
    help: move its images into the folder of their class, or take it out
    DIR/b: expected PNG or JPEG images, got none
    DIR/a: expected at least two images, one to train on and one to hold out for testing, got one
    DIR: a class cannot be named "a\u{1b}[31m"
    help: rename the folder
    DIR/a/1.png: expected a PNG or JPEG, got other bytes
    DIR/a/1.png: it is cut short: its data end before its pixels do
    help: fetch or export it again, or take it out of the folder
    DIR/a/2.png: it has transparent pixels, and what stands behind them would be a guess
    help: with ImageMagick, for example: mogrify -background white -alpha remove -alpha off FILE
    DIR/a/1.png: expected 8 bits a channel, got 16
    help: with ImageMagick, for example: mogrify -depth 8 FILE
    DIR/a/1.png: expected up to 8192 pixels along a side, got 50000 x 50000
    "#);
}

/// The checksum of PNG's chunks.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
