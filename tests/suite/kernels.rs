//! The kernels against libtorch in fp64, on shapes that are no multiple of anything.

use netc::graph::op::{Activation, Relu};
use netc::lower::Precision;
use netc::lower::cpu::{Feature, Features};
use netc_torch::lower::kernels::{
    Direction, Epilogue, FromTo, FusedOps, Kernels, Moments, Packed, Packing, SgdStep, TileSize,
    Workspace,
};
use tch::{Device, Kind, Tensor};

fn channels_last(tensor: &Tensor) -> Tensor {
    tensor.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

/// Numbers that bf16 holds exactly, so that only the computation is compared.
fn random(sizes: &[i64]) -> Tensor {
    channels_last(
        &Tensor::randn(sizes, (Kind::Float, Device::Cpu))
            .to_kind(Kind::BFloat16)
            .to_kind(Kind::Float),
    )
}

/// The root of the mean square of the difference, relative to that of `expected`.
fn error(found: &Tensor, expected: &Tensor) -> f64 {
    let square = |t: &Tensor| t.square().mean(Kind::Double).double_value(&[]);
    (square(&(found.to_kind(Kind::Double) - expected)) / square(expected)).sqrt()
}

fn fused(relu: bool, pool: bool) -> FusedOps {
    let activation = relu.then_some(Activation::Relu(Relu { max: None }));
    FusedOps { activation, pool }
}

fn packing(tile: TileSize, direction: Direction, kind: Kind) -> Packing {
    Packing { tile, direction, kind }
}

/// Those for fp32.
fn fp32(test: &str) -> Option<Kernels> {
    crate::unable::kernels(&format!("kernels::{test}"), Precision::Fp32)
}

/// Those that this machine runs, each for tensors of a kind.
fn by_kind(test: &str) -> Vec<(Kind, Kernels)> {
    let all = [(Kind::Float, Precision::Fp32), (Kind::BFloat16, Precision::Bf16)];
    let name = format!("kernels::{test}");
    let here = |(kind, precision)| Some((kind, crate::unable::kernels(&name, precision)?));
    all.into_iter().filter_map(here).collect()
}

fn of(kernels: &[(Kind, Kernels)], kind: Kind) -> Option<Kernels> {
    kernels.iter().find(|(of, _)| *of == kind).map(|(_, kernels)| *kernels)
}

#[test]
fn a_feature_comes_with_those_it_builds_on() {
    let has = |feature| Features::NONE.with(feature);
    assert_eq!(has(Feature::Avx512), Features::AVX512);
    assert!(has(Feature::Avx512Vnni).contains(Features::AVX512));
    assert!(!has(Feature::Avx512Vnni).contains(Features::AVX512_BF16));
    let names = |features: Features| features.iter().map(|f| f.to_string()).collect::<Vec<_>>();
    assert_eq!(names(Features::AVX512_BF16), ["AVX2", "AVX-512", "AVX512-BF16"]);
    let missing: Vec<_> = has(Feature::Avx2).missing(Features::AVX512_BF16).collect();
    assert_eq!(missing, [Feature::Avx512, Feature::Avx512Bf16]);
}

#[test]
fn a_processor_without_the_instructions_has_no_kernels() {
    assert!(Kernels::within(Precision::Fp32, Features::NONE.with(Feature::Avx2)).is_none());
    assert!(Kernels::within(Precision::Bf16, Features::AVX512).is_none());
    assert!(Kernels::detect(Precision::Fp64).is_none());
    assert!(Kernels::detect(Precision::Fp16).is_none());
}

#[test]
fn kernels_without_bf16_refuse_its_tensors() {
    let Some(kernels) = Kernels::within(Precision::Fp32, Features::AVX512) else {
        fp32("kernels_without_bf16_refuse_its_tensors");
        return;
    };
    let weight = random(&[24, 20, 3, 3]);
    let mut packed = Packed::default();
    let mut packs = |kind| {
        let packing = packing(TileSize::Two, Direction::Forward, kind);
        kernels.pack(&weight, packing, &mut packed).is_ok()
    };
    assert!(packs(Kind::Float) && !packs(Kind::BFloat16));
    let half = channels_last(&random(&[2, 20, 4, 4]).to_kind(Kind::BFloat16));
    let images = FromTo { from: &half, to: &half };
    let moments = Moments::none(20, None).unwrap();
    assert!(kernels.normalise(images, &moments, FusedOps::default(), None).is_err());
}

/// Images, inside, outside, height, width.
const SHAPES: [[i64; 5]; 7] = [
    [2, 16, 32, 8, 8],
    [3, 64, 64, 4, 4],
    [1, 3, 10, 5, 7],
    [5, 48, 20, 9, 6],
    [2, 33, 65, 1, 3],
    [7, 128, 96, 16, 16],
    [3, 520, 40, 3, 3],
];

#[test]
fn convolutions_are_those_of_fp64() {
    let kernels = by_kind("convolutions_are_those_of_fp64");
    // Rounding of the transforms: numbers of the design's table, and some room for unlucky shapes.
    let bounds = [
        (Kind::Float, TileSize::Two, 1e-6),
        (Kind::Float, TileSize::Four, 3e-6),
        (Kind::BFloat16, TileSize::Two, 8e-3),
        (Kind::BFloat16, TileSize::Four, 4e-2),
    ];
    let mut workspace = Workspace::default();
    for shape in SHAPES {
        let [n, inside, outside, h, w] = shape;
        tch::manual_seed(n * inside + outside);
        let x = random(&[n, inside, h, w]);
        let weight = channels_last(
            &(Tensor::randn([outside, inside, 3, 3], (Kind::Float, Device::Cpu)) * 0.1),
        );
        let dy = random(&[n, outside, h, w]);
        let exact = |t: &Tensor| t.to_kind(Kind::Double).set_requires_grad(true);
        let (x64, w64) = (exact(&x), exact(&weight));
        let y64 = x64.conv2d(&w64, None::<&Tensor>, [1, 1], [1, 1], [1, 1], 1);
        let loss = (&y64 * dy.to_kind(Kind::Double)).sum(Kind::Double);
        let gradients = Tensor::run_backward(&[&loss], &[&x64, &w64], false, false);
        for (kind, tile, most) in bounds {
            let Some(kernels) = of(&kernels, kind) else { continue };
            let (x, dy) = (channels_last(&x.to_kind(kind)), channels_last(&dy.to_kind(kind)));
            let empty = |channels: i64| {
                channels_last(&Tensor::full([n, channels, h, w], f64::NAN, (kind, Device::Cpu)))
            };
            let mut packed = Packed::default();
            let y = empty(outside);
            kernels.pack(&weight, packing(tile, Direction::Forward, kind), &mut packed).unwrap();
            let plain = Epilogue::default();
            kernels
                .convolve(
                    FromTo { from: &x, to: &y },
                    Direction::Forward,
                    &mut packed,
                    plain,
                    &mut workspace,
                )
                .unwrap();
            let dx = empty(inside);
            let mut packed = Packed::default();
            kernels.pack(&weight, packing(tile, Direction::Backward, kind), &mut packed).unwrap();
            kernels
                .convolve(
                    FromTo { from: &dy, to: &dx },
                    Direction::Backward,
                    &mut packed,
                    plain,
                    &mut workspace,
                )
                .unwrap();
            let dw = channels_last(&Tensor::full(
                [outside, inside, 3, 3],
                f64::NAN,
                (Kind::Float, Device::Cpu),
            ));
            kernels.weight_gradient(&x, &dy, &dw, tile, &mut workspace).unwrap();
            for (what, found, expected) in
                [("y", &y, &y64.detach()), ("dx", &dx, &gradients[0]), ("dw", &dw, &gradients[1])]
            {
                let error = error(found, expected);
                assert!(error < most, "{what} of {shape:?} by {tile:?} in {kind:?}: {error}");
            }
        }
    }
}

#[test]
fn what_follows_a_convolution_comes_with_it() {
    let Some(kernels) = fp32("what_follows_a_convolution_comes_with_it") else { return };
    let all = [false, true];
    let (x, weight) = (random(&[2, 20, 10, 6]), random(&[24, 20, 3, 3]));
    let bias = Tensor::randn([24], (Kind::Float, Device::Cpu));
    let exact = |t: &Tensor| t.to_kind(Kind::Double);
    let plain = exact(&x).conv2d(&exact(&weight), Some(&exact(&bias)), [1, 1], [1, 1], [1, 1], 1);
    let mut workspace = Workspace::default();
    for tile in [TileSize::Two, TileSize::Four] {
        let mut packed = Packed::default();
        kernels.pack(&weight, packing(tile, Direction::Forward, Kind::Float), &mut packed).unwrap();
        for (relu, pool) in all.into_iter().flat_map(|relu| all.map(|pool| (relu, pool))) {
            let y64 = if pool {
                plain.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
            } else {
                plain.shallow_clone()
            };
            let y64 = if relu { y64.relu() } else { y64 };
            let (y, short) = (random(&y64.size()), random(&y64.size()));
            let finish =
                Epilogue { bias: Some(&bias), after: fused(relu, pool), add: Some(&short) };
            kernels
                .convolve(
                    FromTo { from: &x, to: &y },
                    Direction::Forward,
                    &mut packed,
                    finish,
                    &mut workspace,
                )
                .unwrap();
            let error = error(&y, &(y64 + exact(&short)));
            assert!(error < 3e-6, "{tile:?}, relu {relu}, pool {pool}: {error}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let Some(kernels) = fp32("what_does_not_fit_is_refused") else { return };
    let (x, weight) = (random(&[2, 20, 7, 7]), random(&[24, 20, 3, 3]));
    let mut packed = Packed::default();
    let mut workspace = Workspace::default();
    kernels
        .pack(&weight, packing(TileSize::Two, Direction::Forward, Kind::Float), &mut packed)
        .unwrap();
    let mut convolve = |from: &Tensor, to: &Tensor, direction| {
        kernels
            .convolve(
                FromTo { from, to },
                direction,
                &mut packed,
                Epilogue::default(),
                &mut workspace,
            )
            .is_err()
    };
    let y = random(&[2, 24, 7, 7]);
    let forward = Direction::Forward;
    assert!(!convolve(&x, &y, forward));
    assert!(convolve(&x, &random(&[2, 24, 7, 6]), forward), "another size");
    assert!(convolve(&x, &random(&[2, 100, 7, 7]), forward), "more outputs than the weights have");
    assert!(convolve(&x, &random(&[2, 20, 7, 7]), forward), "fewer outputs than the weights have");
    assert!(convolve(&y, &x, Direction::Backward), "weights of another direction");
    assert!(convolve(&x.contiguous(), &y, forward), "channels outermost");
    let half = |t: &Tensor| channels_last(&t.to_kind(Kind::BFloat16));
    assert!(convolve(&half(&x), &half(&y), forward), "weights of another kind");
    assert!(convolve(&x, &half(&y), forward), "two kinds");
    let mut empty = Packed::default();
    let finish = Epilogue::default();
    assert!(
        kernels
            .convolve(FromTo { from: &x, to: &y }, forward, &mut empty, finish, &mut workspace)
            .is_err(),
        "not packed"
    );
    assert!(
        kernels
            .weight_gradient(&x, &y, &random(&[20, 24, 3, 3]), TileSize::Two, &mut workspace)
            .is_err()
    );
    assert!(
        kernels
            .normalise(FromTo { from: &x, to: &y }, &Moments::default(), FusedOps::default(), None)
            .is_err()
    );
}

#[test]
fn weights_are_packed_anew_for_another_tile() {
    let Some(kernels) = fp32("weights_are_packed_anew_for_another_tile") else { return };
    let (x, weight) = (random(&[2, 20, 7, 7]), random(&[24, 20, 3, 3]));
    let (x64, w64) = (x.to_kind(Kind::Double), weight.to_kind(Kind::Double));
    let exact = x64.conv2d(&w64, None::<&Tensor>, [1, 1], [1, 1], [1, 1], 1);
    let (mut packed, mut workspace) = (Packed::default(), Workspace::default());
    for tile in [TileSize::Four, TileSize::Two, TileSize::Four] {
        kernels.pack(&weight, packing(tile, Direction::Forward, Kind::Float), &mut packed).unwrap();
        let y = random(&[2, 24, 7, 7]);
        let plain = Epilogue::default();
        kernels
            .convolve(
                FromTo { from: &x, to: &y },
                Direction::Forward,
                &mut packed,
                plain,
                &mut workspace,
            )
            .unwrap();
        assert!(error(&y, &exact) < 3e-6, "{tile:?}");
    }
}

#[test]
fn norms_are_those_of_fp64() {
    let kernels = by_kind("norms_are_those_of_fp64");
    let all = [false, true];
    for [n, channels, h, w] in [[3, 16, 4, 4], [2, 70, 6, 2], [5, 10, 2, 8], [300, 3, 2, 2]] {
        for (relu, pool) in all.into_iter().flat_map(|relu| all.map(|pool| (relu, pool))) {
            for (kind, most) in [(Kind::Float, 2e-5), (Kind::BFloat16, 1e-2)] {
                let Some(kernels) = of(&kernels, kind) else { continue };
                let after = fused(relu, pool);
                tch::manual_seed(channels);
                // A mean far from 0, which must not cost digits of the variance.
                let x = channels_last(&(random(&[n, channels, h, w]) + 3.0).to_kind(kind));
                let vector = |scale: f64, offset: f64| {
                    Tensor::randn([channels], (Kind::Float, Device::Cpu)) * scale + offset
                };
                let (weight, bias) = (vector(0.3, 1.0), vector(1.0, 0.0));
                let running = [vector(1.0, 0.0), vector(0.1, 1.0)];
                let exact = |t: &Tensor| t.to_kind(Kind::Double);
                let leaves = [&x, &weight, &bias].map(|t| exact(t).set_requires_grad(true));
                let moved = [exact(&running[0]), exact(&running[1])];
                let [x64, w64, b64] = &leaves;
                let y64 = x64.batch_norm(
                    Some(w64),
                    Some(b64),
                    Some(&moved[0]),
                    Some(&moved[1]),
                    true,
                    0.1,
                    1e-5,
                    false,
                );
                let y64 =
                    if pool { y64.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false) } else { y64 };
                let y64 = if relu { y64.relu() } else { y64 };
                let size = y64.size();
                let (short, g1, g2) = (random(&size), random(&size), random(&size));
                let like = |t: &Tensor| channels_last(&t.to_kind(kind));
                let g64 = exact(&g1) + exact(&g2);
                let by = Tensor::run_backward(
                    &[&(&y64 * &g64).sum(Kind::Double)],
                    &leaves,
                    false,
                    false,
                );

                let moments = kernels
                    .moments(&x, [&weight, &bias, &running[0], &running[1]], 0.1, 1e-5)
                    .unwrap();
                let y = like(&random(&size));
                kernels
                    .normalise(FromTo { from: &x, to: &y }, &moments, after, Some(&like(&short)))
                    .unwrap();
                let (dw, db) = (vector(0.0, f64::NAN), vector(0.0, f64::NAN));
                let gradients = [like(&g1), like(&g2)];
                let gradient = gradients.each_ref().map(Some);
                kernels
                    .normalise_backward(&x, gradient, &moments, &weight, after, [&dw, &db])
                    .unwrap();
                for (what, found, expected) in [
                    ("y", &y, &(y64.detach() + exact(&short))),
                    ("dx", &x, &by[0]),
                    ("dw", &dw, &by[1]),
                    ("db", &db, &by[2]),
                    ("mean", &running[0], &moved[0]),
                    ("var", &running[1], &moved[1]),
                ] {
                    let error = error(found, expected);
                    assert!(
                        error < most,
                        "{what} of {:?} in {kind:?}, {after:?}: {error}",
                        [n, channels, h, w]
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_no_number_stays_so() {
    let Some(kernels) = fp32("what_is_no_number_stays_so") else { return };
    let after = fused(true, true);
    let x = random(&[2, 16, 4, 4]) * f64::NAN;
    let x = channels_last(&x);
    let vector = || Tensor::ones([16], (Kind::Float, Device::Cpu));
    let owned = [vector(), vector(), vector(), vector()];
    let moments = kernels.moments(&x, owned.each_ref(), 0.1, 1e-5).unwrap();
    let y = random(&[2, 16, 2, 2]);
    kernels.normalise(FromTo { from: &x, to: &y }, &moments, after, None).unwrap();
    assert_eq!(y.isnan().sum(Kind::Int64).int64_value(&[]), 128);
    let (weight, y) = (random(&[8, 16, 3, 3]), random(&[2, 8, 2, 2]));
    let mut packed = Packed::default();
    kernels
        .pack(&weight, packing(TileSize::Two, Direction::Forward, Kind::Float), &mut packed)
        .unwrap();
    let finish = Epilogue { after, ..Epilogue::default() };
    let workspace = &mut Workspace::default();
    kernels
        .convolve(FromTo { from: &x, to: &y }, Direction::Forward, &mut packed, finish, workspace)
        .unwrap();
    assert_eq!(y.isnan().sum(Kind::Int64).int64_value(&[]), 64);
}

#[test]
fn descent_is_that_of_fp64() {
    let Some(kernels) = fp32("descent_is_that_of_fp64") else { return };
    for nesterov in [false, true] {
        for count in [1, 17, 40_000] {
            tch::manual_seed(count);
            let [w, v, g] = [0; 3].map(|_| Tensor::randn([count], (Kind::Float, Device::Cpu)));
            let [w64, v64, g64] = [&w, &v, &g].map(|t| t.to_kind(Kind::Double));
            let step = SgdStep { rate: 0.1, decay: 0.01, momentum: 0.9, nesterov };
            let change = &g64 * -0.1 - &w64 * 0.01;
            let velocity = v64 * 0.9 + &change;
            let expected = if nesterov { w64 + change + &velocity * 0.9 } else { w64 + &velocity };
            kernels.descend(&w, &v, &g, step).unwrap();
            assert!(error(&w, &expected) < 1e-6 && error(&v, &velocity) < 1e-6);
        }
    }
}
