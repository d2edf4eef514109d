//! The nets against the figures of the article.

use std::collections::BTreeSet;
use std::path::Path;

use super::check::{net, nets};

/// Net, parameters, millions of MACs: the article's two tables.
const FIGURES: &[(&str, u64, f64)] = &[
    ("dawnbench", 5_205_834, 460.0),
    ("backbone", 115_786, 7.0),
    ("backbone_norepeat", 114_762, 7.0),
    ("backbone_3x3", 966_730, 49.0),
    ("backbone_maxpool", 966_730, 190.5),
    ("backbone_globalmax", 1_557_066, 228.3),
    ("base", 1_557_056, 228.3),
    ("base_wide", 6_210_688, 909.5),
    ("resnet9", 6_573_120, 379.3),
    ("extra_l1", 1_704_768, 266.0),
    ("extra_l2", 2_147_392, 266.0),
    ("extra_l3", 3_917_376, 266.0),
    ("extra_l1l2", 2_295_104, 303.8),
    ("extra_l1l3", 4_065_088, 303.8),
    ("extra_l2l3", 4_507_712, 303.8),
    ("extra_l1l2l3", 4_655_424, 341.5),
    ("residual_l1", 1_852_480, 303.8),
    ("residual_l2", 2_737_728, 303.8),
    ("residual_l3", 6_277_696, 303.8),
    ("residual_l1l2", 3_033_152, 379.3),
    ("residual_l1l3", 6_573_120, 379.3),
    ("residual_l2l3", 7_458_368, 379.3),
    ("residual_l1l2l3", 7_753_792, 454.8),
];

fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("nets").join(name).with_extension("net")
}

#[test]
fn parameters_and_macs_are_the_articles() {
    for &(name, params, macs) in FIGURES {
        let net = net(&file(name));
        assert_eq!(net.graph().name, name);
        assert_eq!(net.params(), params, "parameters of {name}");
        assert_eq!(
            format!("{:.1}", net.macs() as f64 / 1e6),
            format!("{macs:.1}"),
            "MACs of {name}"
        );
    }
}

#[test]
fn every_net_is_in_the_article() {
    let listed: BTreeSet<String> = FIGURES.iter().map(|(name, ..)| name.to_string()).collect();
    let there: BTreeSet<String> =
        nets().iter().map(|f| f.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let others: Vec<_> = there.difference(&listed).collect();
    assert_eq!(others, ["lib", "resnet9_fast"], "one is of a later article");
}

#[test]
fn each_net_claims_its_parameters() {
    for &(name, params, _) in FIGURES {
        let text = std::fs::read_to_string(file(name)).unwrap().replace('_', "");
        assert!(text.contains(&format!("expect params == {params}")), "{name} claims {params}");
    }
}

#[test]
fn resnet9_is_the_winner_of_the_search_written_out() {
    let (resnet9, winner) = (net(&file("resnet9")), net(&file("residual_l1l3")));
    assert_eq!(resnet9.graph().canonical(), winner.graph().canonical());
    assert_ne!(resnet9.graph().hash(), net(&file("residual_l2l3")).graph().hash());
}

#[test]
fn scales_start_as_in_the_article() {
    for &(name, ..) in FIGURES {
        let random = name == "dawnbench" || name.starts_with("backbone");
        let text = net(&file(name)).flat_text(None);
        assert_eq!(text.contains("bn(gamma = uniform(0, 1))"), random, "{name}");
    }
}
