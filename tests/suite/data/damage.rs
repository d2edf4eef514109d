//! Files of every kind, damaged at random: whatever is read or refused, nothing panics or runs
//! without end.

use std::fs;
use std::path::Path;

use netc::run::data::{DataSpec, Picture, load};
use rand::SeedableRng;
use rand::rand_core::Rng;
use rand_chacha::ChaCha8Rng;
use zip::CompressionMethod;

use super::folder::grey;
use super::npz::{npy, npz};

/// So many damaged copies of each file.
const COPIES: usize = 250;

/// Some bytes changed, and sometimes cut, doubled or joined.
fn damage(whole: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let mut below = |n: usize| (rng.next_u32() as usize) % n.max(1);
    for _ in 0..below(4) {
        let at = below(bytes.len());
        bytes[at] = match below(4) {
            0 => 0,
            1 => 0xff,
            2 => bytes[at] ^ (1 << below(8)),
            _ => below(256) as u8,
        };
    }
    match below(4) {
        0 => bytes.truncate(below(whole.len())),
        1 => {
            let at = below(whole.len());
            let part = whole[at..(at + below(64)).min(whole.len())].to_vec();
            let place = below(bytes.len());
            bytes.splice(place..place, part);
        }
        _ => {}
    }
    bytes
}

/// The damaged copies of a file one by one, each under the file's own name.
fn each(path: &Path, try_one: &dyn Fn()) {
    let whole = fs::read(path).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(whole.len() as u64);
    for _ in 0..COPIES {
        fs::write(path, damage(&whole, &mut rng)).unwrap();
        try_one();
    }
}

#[test]
fn pictures() {
    let folder = tempfile::tempdir().unwrap();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/data");
    for name in ["baseline.jpg", "progressive.jpg", "restarts.jpg", "cmyk.jpg"] {
        let path = folder.path().join(name);
        fs::copy(cases.join(name), &path).unwrap();
        each(&path, &|| drop(Picture::read(&path, None)));
    }
    let path = folder.path().join("grey.png");
    grey(&path, [24, 32], 9);
    each(&path, &|| drop(Picture::read(&path, Some([8, 8]))));
}

#[test]
fn arrays() {
    let folder = tempfile::tempdir().unwrap();
    for (name, method) in
        [("stored.npz", CompressionMethod::Stored), ("deflated.npz", CompressionMethod::Deflated)]
    {
        let path = folder.path().join(name);
        let floats: Vec<u8> = (0..128).flat_map(|i| (i as f32 / 127.0).to_le_bytes()).collect();
        let arrays = [
            ("x_train", npy("<f4", &[2, 8, 8], &floats)),
            ("y_train", npy("|u1", &[2], &[0, 1])),
            ("x_test", npy("<f4", &[2, 8, 8], &floats)),
            ("y_test", npy("<i8", &[2], &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])),
            ("class_names", npy("<U1", &[2], &[97, 0, 0, 0, 98, 0, 0, 0])),
        ];
        npz(&path, method, &arrays);
        each(&path, &|| drop(load(&DataSpec::Path(path.clone()), &mut |_| {})));
    }
}

#[test]
fn archives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cifar-10-binary.tar.gz");
    let mut tar =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for name in ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(3073);
        let inside = Path::new("cifar-10-batches-bin").join(name);
        tar.append_data(&mut header, inside, &vec![7; 3073][..]).unwrap();
    }
    fs::write(&path, tar.into_inner().unwrap().finish().unwrap()).unwrap();
    each(&path, &|| drop(load(&DataSpec::Path(path.clone()), &mut |_| {}).unwrap_err()));
}
