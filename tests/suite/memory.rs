//! The memory of a training step as `netc check` predicts it.

use std::process::Command;

use netc::lower::cpu::{Features, prefers_bf16};
use netc::lower::{ConvChoice, Precision, Predicted, Processor, Workload};
use serde_json::Value;

fn netc(args: &[&str]) -> Value {
    let root = env!("CARGO_MANIFEST_DIR");
    // Two threads on every machine: each has memory of its own.
    let output = Command::new(env!("CARGO_BIN_EXE_netc"))
        .args(args)
        .current_dir(root)
        .env("OMP_NUM_THREADS", "2")
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn checked(more: &[&str]) -> Value {
    netc(&[&["check", "--format", "json", "nets/resnet9.net"], more].concat())["memory"].clone()
}

#[test]
fn kernels_count_where_the_processor_has_their_instructions() {
    let of = |features, precision| {
        let step =
            Predicted::new(&crate::lower::small(), ConvChoice::Library, Processor::Cpu(features))
                .unwrap();
        step.footprint(Workload { images: 16, precision, threads: 2 })
    };
    let [none, avx2, bf16] = [Features::NONE, Features::AVX2, Features::AVX512_BF16];
    for precision in [Precision::Fp32, Precision::Bf16] {
        assert_ne!(of(none, precision), of(avx2, precision));
        // Without AVX-512 libtorch convolves bf16 images as fp32 copies.
        let copies = of(avx2, precision).passing > of(bf16, precision).passing;
        assert_eq!(copies, precision == Precision::Bf16);
    }
    assert_eq!(of(none, Precision::Fp64), of(bf16, Precision::Fp64));
}

#[test]
fn on_a_gpu_weights_are_there_in_16_bits_too_and_threads_take_nothing() {
    let net = crate::lower::small();
    let step = Predicted::new(&net, ConvChoice::Library, Processor::Cuda).unwrap();
    let of = |precision, threads| step.footprint(Workload { images: 16, precision, threads });
    let (half, single) = (of(Precision::Fp16, 1), of(Precision::Fp32, 1));
    assert_eq!(half, of(Precision::Fp16, 8));
    assert_eq!((half.weights, single.packed, half.workspace), (single.weights, 0, 0));
    assert!(half.packed > 0 && 2 * half.packed < half.weights, "{half:?}");
    assert!(half.slots > 0 && 2 * half.slots == single.slots, "{half:?} {single:?}");
    let fits = step.most_images(
        Workload { images: 4096, precision: Precision::Fp16, threads: 1 },
        half.total(),
    );
    assert_eq!(fits, 16);
}

fn bytes(memory: &Value) -> u64 {
    memory["bytes"].as_u64().unwrap()
}

#[test]
fn it_is_for_the_recipe_s_batch_unless_another_is_asked_for() {
    let [plain, smaller] = [checked(&[]), checked(&["--batch", "128"])];
    assert_eq!((&plain["images"], &smaller["images"]), (&512.into(), &128.into()));
    assert!(bytes(&plain) < 4 * bytes(&smaller) && bytes(&plain) > 2 * bytes(&smaller));
    let [single, double] = ["fp32", "fp64"].map(|precision| checked(&["--precision", precision]));
    assert_eq!(single["precision"], "fp32");
    assert!(bytes(&double) > 3 * bytes(&single) / 2);
}

#[test]
fn of_a_net_that_does_not_fit_it_says_which_batch_would() {
    assert_eq!(checked(&["--batch", "1"])["most_images"], Value::Null);
    let memory = checked(&["--batch", "1048576", "--precision", "fp32"]);
    let most = memory["most_images"].as_u64().unwrap();
    let fits = |images: u64| {
        checked(&["--batch", &images.to_string(), "--precision", "fp32"])["most_images"].is_null()
    };
    assert!(fits(most) && !fits(most + 1), "{most}");
}

#[test]
fn it_is_said_in_words_too() {
    let root = env!("CARGO_MANIFEST_DIR");
    let say = |batch| {
        let args = ["check", "nets/resnet9.net", "--precision", "fp32", "--batch", batch];
        let output =
            Command::new(env!("CARGO_BIN_EXE_netc")).args(args).current_dir(root).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (small, large) = (say("64"), say("1048576"));
    assert!(
        small.contains("memory of a training step: ")
            && small.contains(" MiB (64 images in fp32)\n"),
        "{small}"
    );
    assert!(large.contains("(1,048,576 images in fp32); on this machine at most "), "{large}");
}

/// A process of its own for each: what it allocates is measured.
#[cfg(target_os = "linux")]
#[test]
fn it_is_within_a_tenth_of_what_is_measured() {
    let cases = [
        ["nets/resnet9.net", "fp32", "library"],
        ["nets/resnet9.net", "fp32", "f4"],
        ["nets/resnet9.net", "fp32", "int16"],
        ["nets/resnet9.net", "bf16", "library"],
        ["nets/resnet9.net", "bf16", "f2"],
        ["nets/dawnbench.net", "fp32", "library"],
        ["nets/dawnbench.net", "bf16", "library"],
    ];
    for [net, precision, conv] in cases {
        let options =
            ["--precision", precision, "--conv", conv, "--batch", "192", "--set", "width=16"];
        let how = ["--device", "cpu", "--format", "json", "--steps", "1", "--memory"];
        let found = netc(&[&["profile", net], &options[..], &how[..]].concat());
        let [predicted, allocated] =
            ["predicted_bytes", "allocated"].map(|key| found[key].as_f64().unwrap());
        let ratio = predicted / allocated;
        // Of the fp32 copies that libtorch convolves elsewhere, not all exist at once.
        let most = if Features::detect().contains(Features::AVX512) { 1.1 } else { 1.15 };
        assert!(
            (0.9..most).contains(&ratio),
            "{net} {precision} {conv}: {predicted} of {allocated}, {ratio:.3}"
        );
    }
}

#[test]
fn the_precision_is_that_of_the_instructions() {
    let said = |limit: &str| {
        let mut check = Command::new(env!("CARGO_BIN_EXE_netc"));
        check.args(["check", "nets/resnet9.net"]).env("ONEDNN_MAX_CPU_ISA", limit);
        String::from_utf8(check.output().unwrap().stdout).unwrap()
    };
    assert!(said("SSE41").contains("(512 images in fp32)"), "{}", said("SSE41"));
    let expected = if prefers_bf16() { "(512 images in bf16)" } else { "(512 images in fp32)" };
    assert!(said("AVX2").contains(expected), "{}", said("AVX2"));
}
