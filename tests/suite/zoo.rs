//! The well-known nets of `nets/zoo` against the figures of those who published them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::check::{invariants, net};

/// Net and parameters, as torchvision 0.26 counts them; of airbench94 as its published code does,
/// those that it trains.
const PARAMS: &[(&str, u64)] = &[
    ("airbench94", 1_971_352),
    ("densenet121", 7_978_856),
    ("mobilenet_v2", 3_504_872),
    ("resnet18", 11_689_512),
    ("resnet50", 25_557_032),
    ("squeezenet1_1", 1_235_496),
    ("vgg16", 138_357_544),
];

/// The files of the zoo.
pub fn zoo() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("nets/zoo");
    PARAMS.iter().map(|(name, _)| folder.join(name).with_extension("net")).collect()
}

#[test]
fn every_net_has_the_published_parameters_and_claims_them() {
    for (file, (name, params)) in zoo().iter().zip(PARAMS) {
        let net = net(file);
        assert_eq!((net.graph().name.as_str(), net.params()), (*name, *params));
        let text = std::fs::read_to_string(file).unwrap().replace('_', "");
        assert!(text.contains(&format!("expect params == {params}")), "{name} claims {params}");
        invariants(file, &net);
    }
}

#[test]
fn the_table_has_every_net_of_the_zoo() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("nets/zoo");
    let there: BTreeSet<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(there, zoo().into_iter().collect());
}

#[test]
fn those_for_imagenet_take_its_images_and_classes() {
    for file in zoo().iter().filter(|file| file.file_stem().unwrap() != "airbench94") {
        let net = net(file);
        assert_eq!(net.shape(net.input()).dims(), [3, 224, 224]);
        assert_eq!(net.shape(net.output()).dims(), [1000]);
    }
}

#[test]
fn airbench94_has_the_published_layers() {
    let net = net(&zoo()[0]);
    let text = net.flat_text(None);
    let count = |what: &str| text.matches(what).count();
    assert_eq!(count("bn("), 6);
    assert_eq!(count(": gelu"), 7);
    assert_eq!(count("init = \"dirac\""), 6, "every convolution but the first\n{text}");
    let stated: Vec<&str> = text.lines().filter(|line| line.contains("whiten")).collect();
    assert!(
        stated[0].contains(
            "conv(24, k = 2, pad = 0, bias = true, init = \"whiten\", train_weight = false)"
        ),
        "{text}"
    );
    // 8 epochs of 50,000 images, two operations a MAC, a step thrice a pass: the published 0.29
    // PFLOP.
    let petaflops = net.macs() as f64 * 6.0 * 50_000.0 * 8.0 / 1e15;
    assert!((petaflops - 0.29).abs() < 0.01, "{petaflops}");
}

#[test]
fn the_stages_of_resnets_hold_all_their_blocks() {
    for (name, blocks) in [("resnet18", [2, 2, 2, 2]), ("resnet50", [3, 4, 6, 3])] {
        let net = net(&zoo().into_iter().find(|file| file.file_stem().unwrap() == name).unwrap());
        let paths: Vec<&str> = net.order().iter().map(|&id| net.node(id).path.as_str()).collect();
        let in_stage =
            |path: &str| ["image", "stem", "head"].iter().any(|stage| path.starts_with(stage));
        assert!(paths.iter().all(|path| in_stage(path) || path.starts_with("layer")), "{paths:?}");
        for (stage, blocks) in (1..).zip(blocks) {
            let parts: BTreeSet<&str> = paths
                .iter()
                .filter_map(|path| path.strip_prefix(&format!("layer{stage}."))?.split('.').next())
                .collect();
            assert_eq!(parts.len(), blocks, "{name} layer{stage}: {parts:?}");
        }
    }
    let net = net(&zoo().into_iter().find(|file| file.ends_with("resnet50.net")).unwrap());
    // As in torchvision: stage, block, layer.
    assert!(net.order().iter().any(|&id| net.node(id).path == "layer2.3.conv_1"));
}
