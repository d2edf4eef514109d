//! The kernels against libtorch in fp64, on shapes that are no multiple of anything.

use netc::graph::op::{Activation, Celu, Elu, Gelu, Relu, Silu};
use netc::lower::Precision;
use netc::lower::cpu::{Feature, Features};
use netc_torch::lower::kernels::{
    Direction, Epilogue, FromTo, FusedOps, Kernels, Moments, Packed, Packing, SgdStep, Winograd,
    Workspace,
};
use tch::{Device, Kind, Tensor};

pub(crate) fn channels_last(tensor: &Tensor) -> Tensor {
    tensor.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

/// Numbers that bf16 holds exactly, so that only the computation is compared.
pub(crate) fn random(sizes: &[i64]) -> Tensor {
    channels_last(
        &Tensor::randn(sizes, (Kind::Float, Device::Cpu))
            .to_kind(Kind::BFloat16)
            .to_kind(Kind::Float),
    )
}

/// The root of the mean square of the difference, relative to that of `expected`.
pub(crate) fn error(found: &Tensor, expected: &Tensor) -> f64 {
    let square = |t: &Tensor| t.square().mean(Kind::Double).double_value(&[]);
    (square(&(found.to_kind(Kind::Double) - expected)) / square(expected)).sqrt()
}

fn fused(relu: bool, pool: bool) -> FusedOps {
    let activation = relu.then_some(Activation::Relu(Relu { max: None }));
    FusedOps { activation, pool }
}

/// The kernels of the first tier.
fn first(test: &str) -> Option<Kernels> {
    crate::unable::kernels(&format!("kernels::{test}"), Precision::Fp32)
}

fn packing(algorithm: Winograd, direction: Direction, kind: Kind) -> Packing {
    Packing { algorithm, direction, kind }
}

/// The features that kernels tell apart.
fn tiers() -> [Features; 5] {
    let with = |feature| Features::NONE.with(feature);
    [
        Features::AVX2,
        with(Feature::AvxVnni),
        Features::AVX512,
        with(Feature::Avx512Vnni),
        Features::AVX512_BF16,
    ]
}

/// The kernels of each tier that this machine has; those it lacks are noted.
pub(crate) fn by_tier(test: &str) -> Vec<(String, Kernels)> {
    let kernels = |features: Features| {
        let name = features.iter().map(|f| f.to_string()).collect::<Vec<_>>().join(" and ");
        if !Features::detect().contains(features) {
            crate::unable::note(test, &crate::unable::lacking(features));
            return None;
        }
        Some((name, Kernels::within(Precision::Fp32, features)?))
    };
    tiers().into_iter().filter_map(kernels).collect()
}

pub(crate) fn empty(sizes: [i64; 4], kind: Kind) -> Tensor {
    channels_last(&Tensor::full(sizes, f64::NAN, (kind, Device::Cpu)))
}

/// A convolution's kernel, stride and operands: input, weights, gradient of the output.
struct Conv {
    kernel: i64,
    stride: i64,
    x: Tensor,
    weight: Tensor,
    dy: Tensor,
}

impl Conv {
    fn random([n, inside, outside, h, w]: [i64; 5], kernel: i64, stride: i64) -> Conv {
        tch::manual_seed(n * inside + outside);
        let sizes = [outside, inside, kernel, kernel];
        let weight = Tensor::randn(sizes, (Kind::Float, Device::Cpu)) * 0.1;
        Conv {
            kernel,
            stride,
            x: random(&[n, inside, h, w]),
            weight: channels_last(&weight),
            dy: random(&[n, outside, (h - 1) / stride + 1, (w - 1) / stride + 1]),
        }
    }

    /// One of the kernel and the stride that an algorithm computes.
    fn of(shape: [i64; 5], algorithm: Winograd) -> Conv {
        Conv::random(shape, algorithm.kernel() as i64, stride(algorithm))
    }

    /// Output and gradients by input and weights in fp64.
    fn exact(&self) -> [Tensor; 3] {
        let exact = |t: &Tensor| t.to_kind(Kind::Double).set_requires_grad(true);
        let (x, w) = (exact(&self.x), exact(&self.weight));
        let pad = [self.kernel / 2; 2];
        let y = x.conv2d(&w, None::<&Tensor>, [self.stride; 2], pad, [1, 1], 1);
        let loss = (&y * self.dy.to_kind(Kind::Double)).sum(Kind::Double);
        let [dx, dw] =
            <[Tensor; 2]>::try_from(Tensor::run_backward(&[&loss], &[&x, &w], false, false))
                .expect("two gradients");
        [y.detach(), dx, dw]
    }

    /// The same by kernels.
    fn by(&self, kernels: Kernels, algorithm: Winograd, kind: Kind) -> [Tensor; 3] {
        let mut workspace = Workspace::default();
        let [x, dy] = [&self.x, &self.dy].map(|t| channels_last(&t.to_kind(kind)));
        let mut run = |direction, from: &Tensor, to: &Tensor| {
            let to = empty(to.size4().unwrap().into(), kind);
            let mut packed = Packed::default();
            let packing = packing(algorithm, direction, kind);
            kernels.pack(&self.weight, packing, &mut packed, &mut workspace).unwrap();
            let (images, plain) = (FromTo { from, to: &to }, Epilogue::default());
            kernels.convolve(images, direction, &mut packed, plain, &mut workspace).unwrap();
            to
        };
        let y = run(Direction::Forward, &x, &dy);
        let dx = run(Direction::Backward, &dy, &x);
        let dw = empty(self.weight.size4().unwrap().into(), Kind::Float);
        kernels.weight_gradient(&x, &dy, &dw, algorithm, &mut workspace).unwrap();
        [y, dx, dw]
    }

    /// The output, and mean and variance of its channels, which are summed with it.
    fn summed(&self, kernels: Kernels, algorithm: Winograd, kind: Kind) -> [Tensor; 3] {
        let (x, y) = (channels_last(&self.x.to_kind(kind)), self.dy.size4().unwrap().into());
        let (y, mut packed) = (empty(y, kind), Packed::default());
        let (mut workspace, direction) = (Workspace::default(), Direction::Forward);
        let packing = packing(algorithm, direction, kind);
        kernels.pack(&self.weight, packing, &mut packed, &mut workspace).unwrap();
        let (images, sums) = (FromTo { from: &x, to: &y }, true);
        let finish = Epilogue { sums, ..Epilogue::default() };
        kernels.convolve(images, direction, &mut packed, finish, &mut workspace).unwrap();
        // With a momentum of 1 they become the statistics.
        let owned = [(); 4].map(|()| Tensor::ones([y.size()[1]], (Kind::Float, Device::Cpu)));
        kernels.summed_moments(&mut workspace, owned.each_ref(), 1.0, 1e-5).unwrap();
        let [_, _, mean, var] = owned;
        [y, mean, var]
    }
}

fn stride(algorithm: Winograd) -> i64 {
    algorithm.stride() as i64
}

#[test]
fn a_feature_comes_with_those_it_builds_on() {
    let has = |feature| Features::NONE.with(feature);
    assert_eq!(has(Feature::Avx512), Features::AVX512);
    assert!(has(Feature::Avx512Vnni).contains(Features::AVX512));
    assert!(!has(Feature::Avx512Vnni).contains(Features::AVX512_BF16));
    let names = |features: Features| features.iter().map(|f| f.to_string()).collect::<Vec<_>>();
    let all = ["AVX2", "AVX-512", "AVX512-VNNI", "AVX512-BF16"];
    assert_eq!(names(Features::AVX512_BF16), all);
    let missing: Vec<_> = has(Feature::Avx2).missing(Features::AVX512).collect();
    assert_eq!(missing, [Feature::Avx512]);
}

#[test]
fn a_processor_without_the_instructions_has_no_kernels() {
    assert!(Kernels::within(Precision::Fp32, Features::NONE).is_none());
    assert!(Kernels::within(Precision::Bf16, Features::NONE).is_none());
    assert!(Kernels::detect(Precision::Fp64).is_none());
    assert!(Kernels::detect(Precision::Fp16).is_none());
}

/// Images, inside, outside, height, width.
const SHAPES: [[i64; 5]; 9] = [
    [2, 16, 32, 8, 8],
    [3, 64, 64, 4, 4],
    [1, 3, 10, 5, 7],
    [5, 48, 20, 9, 6],
    [2, 33, 65, 1, 3],
    [7, 128, 96, 16, 16],
    [3, 520, 40, 3, 3],
    [2, 20, 1, 17, 31],
    // More than caches hold.
    [40, 4, 64, 61, 61],
];

#[test]
fn convolutions_are_those_of_fp64() {
    // Rounding of the transforms, of integers, and of outputs to bf16; room for unlucky shapes.
    let bounds = [
        (Kind::Float, Winograd::Pointwise, 1e-6),
        (Kind::Float, Winograd::F2, 1e-6),
        (Kind::Float, Winograd::F4, 3e-6),
        (Kind::Float, Winograd::Int16, 8e-3),
        (Kind::Float, Winograd::StridedF4, 3e-6),
        (Kind::Float, Winograd::StridedInt16, 8e-3),
        (Kind::BFloat16, Winograd::Pointwise, 8e-3),
        (Kind::BFloat16, Winograd::F2, 8e-3),
        (Kind::BFloat16, Winograd::F4, 2e-2),
        (Kind::BFloat16, Winograd::Int16, 8e-3),
        (Kind::BFloat16, Winograd::StridedF4, 2e-2),
        (Kind::BFloat16, Winograd::StridedInt16, 8e-3),
    ];
    let tiers = by_tier("kernels::convolutions_are_those_of_fp64");
    for shape in SHAPES {
        let kinds = [Winograd::F2, Winograd::StridedF4, Winograd::Pointwise];
        let convs = kinds.map(|algorithm| Conv::of(shape, algorithm));
        let exact = convs.each_ref().map(Conv::exact);
        for (tier, kernels) in &tiers {
            for (kind, algorithm, most) in bounds {
                let of = match algorithm {
                    Winograd::Pointwise => 2,
                    _ => algorithm.stride() - 1,
                };
                let found = convs[of].by(*kernels, algorithm, kind);
                for (what, (found, exact)) in
                    ["y", "dx", "dw"].into_iter().zip(found.iter().zip(&exact[of]))
                {
                    let error = error(found, exact);
                    assert!(
                        error < most,
                        "{what} of {shape:?} by {algorithm:?} with {tier} in {kind:?}: {error}"
                    );
                }
            }
        }
    }
}

const INTEGERS: [Winograd; 2] = [Winograd::Int16, Winograd::StridedInt16];

/// Where bounds are tight, or where one number is all there is: no sum of integers overflows.
#[test]
fn integers_never_overflow() {
    type Change = fn(&mut Conv);
    let changes: [(&str, Change); 5] = [
        ("ones", |c| {
            c.x = channels_last(&c.x.ones_like());
            c.dy = channels_last(&c.dy.ones_like());
            c.weight = channels_last(&c.weight.ones_like());
        }),
        ("one channel", |c| {
            c.x = only(&c.x, 5);
            c.dy = only(&c.dy, 7);
        }),
        ("aligned signs", |c| {
            c.x = signs(&c.x, 1);
            c.weight = channels_last(&(signs(&c.weight, 1) * signs(&c.weight, 0)));
            c.dy = signs(&c.dy, 1);
        }),
        ("large and small", |c| {
            c.x = channels_last(&(&c.x * 1e12));
            c.dy = channels_last(&(&c.dy * 1e-12));
        }),
        ("a ReLU's", |c| c.x = channels_last(&c.x.relu())),
    ];
    for (tier, kernels) in by_tier("kernels::integers_never_overflow") {
        for shape in [[8, 64, 64, 8, 8], [2, 512, 64, 8, 8], [1, 4096, 32, 4, 4]] {
            for ((name, change), algorithm) in
                changes.into_iter().flat_map(|change| INTEGERS.map(|of| (change, of)))
            {
                let mut conv = Conv::of(shape, algorithm);
                change(&mut conv);
                let found = conv.by(kernels, algorithm, Kind::Float);
                for (what, (found, exact)) in
                    ["y", "dx", "dw"].into_iter().zip(found.iter().zip(&conv.exact()))
                {
                    let error = error(found, exact);
                    assert!(
                        error < 1e-2,
                        "{what} of {name}, {shape:?}, by {algorithm:?} with {tier}: {error}"
                    );
                }
            }
        }
    }
}

/// Zeros in all channels but one.
fn only(t: &Tensor, channel: i64) -> Tensor {
    let kept = t.zeros_like();
    kept.narrow(1, channel, 1).copy_(&t.narrow(1, channel, 1));
    channels_last(&kept)
}

/// Numbers as if all were 1, times 1 and -1 in turn along a dimension.
fn signs(t: &Tensor, dim: usize) -> Tensor {
    let signs = Tensor::arange(t.size()[dim], (Kind::Float, Device::Cpu)).remainder(2.0) * 2.0;
    let mut sizes = [1; 4];
    sizes[dim] = -1;
    channels_last(&(t.ones_like() * (signs - 1.0).view(sizes)))
}

#[test]
fn what_is_no_number_stays_so_in_integers() {
    for (tier, kernels) in by_tier("kernels::what_is_no_number_stays_so_in_integers") {
        for (bad, algorithm) in
            [f64::NAN, f64::INFINITY].into_iter().flat_map(|bad| INTEGERS.map(|of| (bad, of)))
        {
            let nans = |t: &Tensor| t.isnan().sum(Kind::Int64).int64_value(&[]);
            let by = |conv: &Conv| conv.by(kernels, algorithm, Kind::Float);
            let name = format!("{bad} by {algorithm:?} with {tier}");
            let conv = Conv::of([2, 16, 24, 8, 8], algorithm);
            let _ = conv.x.get(1).get(3).get(5).get(5).fill_(bad);
            let _ = conv.dy.get(0).get(2).get(2).get(3).fill_(bad);
            let [y, dx, dw] = by(&conv);
            // At least the outputs that the number reaches.
            let reached = [9, 4][algorithm.stride() - 1];
            assert!(nans(&y) >= reached * 24 && nans(&y.get(0)) == 0, "an input: {name}");
            assert!(nans(&dx) >= 9 * 16 && nans(&dx.get(1)) == 0, "a gradient: {name}");
            assert!(nans(&dw) >= reached * 24 + 9 * 15, "both: {name}");
            let conv = Conv::of([2, 16, 24, 8, 8], algorithm);
            let _ = conv.weight.get(7).get(3).get(1).get(1).fill_(bad);
            let [y, dx, _] = by(&conv);
            let pixels = 128 / stride(algorithm) / stride(algorithm);
            assert_eq!([nans(&y), nans(&dx)], [pixels, 128], "a weight: {name}");
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    // Few tiles, and many: threads share the weight gradient in two ways.
    let shapes = [[4, 40, 70, 6, 6], [64, 24, 16, 12, 12], [9, 64, 96, 20, 20]];
    let test = "kernels::any_number_of_threads_gives_the_same_bits";
    crate::threads::give_the_same_bits(test, || {
        let mut results = Vec::new();
        for (tier, kernels) in by_tier(test) {
            for (shape, kind) in
                shapes.into_iter().flat_map(|s| [(s, Kind::Float), (s, Kind::BFloat16)])
            {
                let mut all = norm_by(kernels, shape, kind);
                for algorithm in Winograd::ALL {
                    let conv = Conv::of(shape, algorithm);
                    all.extend(conv.by(kernels, algorithm, kind));
                    all.extend(conv.summed(kernels, algorithm, kind));
                }
                results.extend(all.into_iter().enumerate().map(|(i, tensor)| {
                    (format!("result {i} of {shape:?} in {kind:?} with {tier}"), tensor)
                }));
            }
        }
        results
    });
}

/// Statistics and gradients of a batch normalisation.
fn norm_by(kernels: Kernels, [n, channels, _, h, w]: [i64; 5], kind: Kind) -> Vec<Tensor> {
    tch::manual_seed(n);
    let x = random(&[n, channels, h, w]).to_kind(kind);
    let vector = || Tensor::ones([channels], (Kind::Float, Device::Cpu));
    let (owned, gradients) = ([vector(), vector(), vector(), vector()], [vector(), vector()]);
    let moments = kernels.moments(&x, owned.each_ref(), 0.1, 1e-5).unwrap();
    let gradient = channels_last(&x.ones_like());
    let (after, grads) = (FusedOps::default(), gradients.each_ref());
    kernels
        .normalise_backward(&x, [Some(&gradient), None], &moments, &owned[0], after, grads)
        .unwrap();
    owned.into_iter().chain(gradients).chain([x]).collect()
}

#[test]
fn what_follows_a_convolution_comes_with_it() {
    for (tier, kernels) in by_tier("kernels::what_follows_a_convolution_comes_with_it") {
        what_follows_with(&tier, kernels);
    }
}

fn what_follows_with(tier: &str, kernels: Kernels) {
    let all = [false, true];
    let x = random(&[2, 20, 10, 8]);
    let bias = Tensor::randn([24], (Kind::Float, Device::Cpu));
    let exact = |t: &Tensor| t.to_kind(Kind::Double);
    let mut workspace = Workspace::default();
    for algorithm in Winograd::ALL {
        let kernel = algorithm.kernel() as i64;
        let weight = random(&[24, 20, kernel, kernel]);
        // Outputs of even sizes, which a pool takes.
        let x = x.narrow(2, 0, if algorithm.stride() == 1 { 10 } else { 7 });
        let (x, stride, pad) = (channels_last(&x), [stride(algorithm); 2], [kernel / 2; 2]);
        let bias64 = exact(&bias);
        let plain = exact(&x).conv2d(&exact(&weight), Some(&bias64), stride, pad, [1, 1], 1);
        let mut packed = Packed::default();
        let packing = packing(algorithm, Direction::Forward, Kind::Float);
        kernels.pack(&weight, packing, &mut packed, &mut workspace).unwrap();
        let activations = [None, Some(None), Some(Some(0.3))]
            .map(|relu| relu.map(|max| Activation::Relu(Relu { max })));
        for (activation, pool) in
            activations.into_iter().flat_map(|activation| all.map(|pool| (activation, pool)))
        {
            let y64 = if pool {
                plain.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
            } else {
                plain.shallow_clone()
            };
            let y64 = match activation {
                Some(Activation::Relu(Relu { max: Some(max) })) => y64.clamp(0.0, max),
                Some(_) => y64.relu(),
                None => y64,
            };
            let (y, short) = (random(&y64.size()), random(&y64.size()));
            let after = FusedOps { activation, pool };
            let finish = Epilogue { bias: Some(&bias), after, add: Some(&short), sums: false };
            if pool && algorithm == Winograd::Pointwise {
                continue;
            }
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
            let most = if INTEGERS.contains(&algorithm) { 3e-3 } else { 3e-6 };
            assert!(
                error < most,
                "{algorithm:?} with {tier}, {activation:?}, pool {pool}: {error}"
            );
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let Some(kernels) = first("what_does_not_fit_is_refused") else { return };
    let (x, weight) = (random(&[2, 20, 7, 7]), random(&[24, 20, 3, 3]));
    let mut packed = Packed::default();
    let mut workspace = Workspace::default();
    kernels
        .pack(
            &weight,
            packing(Winograd::F2, Direction::Forward, Kind::Float),
            &mut packed,
            &mut workspace,
        )
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
    let mut gradient = |x: &Tensor, dy: &Tensor, sizes: [i64; 4]| {
        kernels.weight_gradient(x, dy, &random(&sizes), Winograd::F2, &mut workspace).is_err()
    };
    assert!(!gradient(&x, &y, [24, 20, 3, 3]));
    assert!(gradient(&x, &y, [20, 24, 3, 3]), "weights of another direction");
    let none = |t: &Tensor| t.narrow(0, 0, 0);
    assert!(gradient(&none(&x), &none(&y), [24, 20, 3, 3]), "no images");
    assert!(
        kernels
            .normalise(FromTo { from: &x, to: &y }, &Moments::default(), FusedOps::default(), None)
            .is_err()
    );
}

#[test]
fn weights_are_packed_anew_for_another_tile() {
    let Some(kernels) = first("weights_are_packed_anew_for_another_tile") else { return };
    let (x, weight) = (random(&[2, 20, 7, 7]), random(&[24, 20, 3, 3]));
    let (x64, w64) = (x.to_kind(Kind::Double), weight.to_kind(Kind::Double));
    let exact = x64.conv2d(&w64, None::<&Tensor>, [1, 1], [1, 1], [1, 1], 1);
    let (mut packed, mut workspace) = (Packed::default(), Workspace::default());
    for algorithm in [Winograd::F4, Winograd::F2, Winograd::F4] {
        let packing = packing(algorithm, Direction::Forward, Kind::Float);
        kernels.pack(&weight, packing, &mut packed, &mut workspace).unwrap();
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
        assert!(error(&y, &exact) < 3e-6, "{algorithm:?}");
    }
}

#[test]
fn norms_are_those_of_fp64() {
    for (tier, kernels) in by_tier("kernels::norms_are_those_of_fp64") {
        norms_with(&tier, kernels);
    }
}

fn norms_with(tier: &str, kernels: Kernels) {
    let others = [
        Activation::Relu(Relu { max: Some(0.5) }),
        Activation::Celu(Celu { alpha: 0.3 }),
        Activation::Elu(Elu { alpha: 0.7 }),
        Activation::Gelu(Gelu),
        Activation::Silu(Silu),
    ];
    let clipped = FusedOps { activation: Some(others[0]), pool: true };
    let others = others.map(|activation| FusedOps { activation: Some(activation), pool: false });
    let all = [[false, false], [false, true], [true, false], [true, true]];
    let all: Vec<_> = all
        .map(|[relu, pool]| fused(relu, pool))
        .into_iter()
        .chain(others)
        .chain([clipped])
        .collect();
    for [n, channels, h, w] in [[3, 16, 4, 4], [2, 70, 6, 2], [5, 10, 2, 8], [300, 3, 2, 2]] {
        for &after in &all {
            for (kind, most) in [(Kind::Float, 2e-5), (Kind::BFloat16, 1e-2)] {
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
                let y64 = if after.pool {
                    y64.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
                } else {
                    y64
                };
                let y64 = match after.activation {
                    None => y64,
                    Some(Activation::Relu(Relu { max: None })) => y64.relu(),
                    Some(Activation::Relu(Relu { max: Some(max) })) => y64.clamp(0.0, max),
                    // What libtorch does below 0, where exp does not overflow.
                    Some(Activation::Celu(op)) => {
                        y64.clamp_min(0.0)
                            + ((y64.clamp_max(0.0) / op.alpha).exp() - 1.0) * op.alpha
                    }
                    Some(Activation::Elu(op)) => {
                        y64.clamp_min(0.0) + (y64.clamp_max(0.0).exp() - 1.0) * op.alpha
                    }
                    Some(Activation::Gelu(_)) => y64.gelu("none"),
                    Some(Activation::Silu(_)) => y64.silu(),
                    other => panic!("{other:?}"),
                };
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
                        "{what} of {:?} in {kind:?}, {after:?}, with {tier}: {error}",
                        [n, channels, h, w]
                    );
                }
            }
        }
    }
}

#[test]
fn a_convolution_that_sums_its_output_gives_the_moments_of_it() {
    let test = "kernels::a_convolution_that_sums_its_output_gives_the_moments_of_it";
    for (tier, kernels) in by_tier(test) {
        for (shape, algorithm, kind) in SHAPES.into_iter().take(8).flat_map(|shape| {
            let kinds = [Kind::Float, Kind::BFloat16];
            Winograd::ALL.into_iter().flat_map(move |a| kinds.map(|kind| (shape, a, kind)))
        }) {
            let mut conv = Conv::of(shape, algorithm);
            // Means far from zero, beside which the deviations are small.
            conv.weight = channels_last(&(&conv.weight + 0.5));
            let what = format!("{shape:?} by {algorithm:?} in {kind:?} with {tier}");
            let [y, mean, var] = conv.summed(kernels, algorithm, kind);
            let exact = y.to_kind(Kind::Double).permute([1, 0, 2, 3]).flatten(1, 3);
            let off = exact.var_dim(&[1i64][..], true, false).sqrt();
            let expected = exact.mean_dim(&[1i64][..], false, Kind::Double);
            let most = if kind == Kind::Float { 1e-5 } else { 4e-3 };
            let far = ((mean - &expected) / (&off + expected.abs())).abs().max();
            assert!(far.double_value(&[]) < most, "{what}: mean {far}");
            let far = (var / off.square() - 1.0).abs().max().double_value(&[]);
            assert!(far < 30.0 * most, "{what}: variance {far}");
        }
    }
}

/// What is larger than caches hold is written past them.
#[test]
fn a_large_image_is_normalised_as_its_parts_are() {
    for (tier, kernels) in by_tier("kernels::a_large_image_is_normalised_as_its_parts_are") {
        for kind in [Kind::Float, Kind::BFloat16] {
            let (n, rest) = (8, [64, 160, 160]);
            let x = random(&[n, rest[0], rest[1], rest[2]]).to_kind(kind);
            let vector = || Tensor::randn([rest[0]], (Kind::Float, Device::Cpu));
            let owned = [vector(), vector(), vector(), vector()];
            let moments = kernels.moments(&x, owned.each_ref(), 0.1, 1e-5).unwrap();
            for after in [fused(true, false), fused(true, true)] {
                let size = if after.pool { 80 } else { 160 };
                let y = || empty([n, rest[0], size, size], kind);
                let (whole, parts) = (y(), y());
                let normalise = |from: &Tensor, to: &Tensor| {
                    kernels.normalise(FromTo { from, to }, &moments, after, None).unwrap();
                };
                normalise(&x, &whole);
                for i in 0..n {
                    normalise(&x.narrow(0, i, 1), &parts.narrow(0, i, 1));
                }
                assert!(whole.equal(&parts), "{kind:?} with {tier}, {after:?}");
            }
        }
    }
}

#[test]
fn activations_are_accurate_everywhere() {
    let functions = [
        Activation::Relu(Relu { max: Some(6.0) }),
        Activation::Celu(Celu { alpha: 1.0 }),
        Activation::Elu(Elu { alpha: 1.0 }),
        Activation::Gelu(Gelu),
        Activation::Silu(Silu),
    ];
    for (tier, kernels) in by_tier("kernels::activations_are_accurate_everywhere") {
        for activation in functions {
            let ends =
                Tensor::from_slice(&[f32::NAN, 1e30, -1e30, 100.0, -100.0, 0.0, -0.0, 1e-30]);
            let x = Tensor::cat(
                &[ends, Tensor::linspace(-20.0, 20.0, 4088, (Kind::Float, Device::Cpu))],
                0,
            );
            let x = channels_last(&x.reshape([4, 8, 8, 16]));
            let y = x.empty_like();
            let after = FusedOps { activation: Some(activation), pool: false };
            let moments = Moments::none(8, None).unwrap();
            kernels.normalise(FromTo { from: &x, to: &y }, &moments, after, None).unwrap();
            let exact = x.to_kind(Kind::Double);
            let expected = match activation {
                Activation::Relu(_) => exact.clamp(0.0, 6.0),
                Activation::Celu(_) => exact.celu(),
                Activation::Elu(_) => exact.elu(),
                Activation::Gelu(_) => exact.gelu("none"),
                _ => exact.silu(),
            };
            let allowed = expected.abs() * 2e-6 + 3e-7;
            let wrong = (y.to_kind(Kind::Double) - &expected).abs().gt_tensor(&allowed);
            assert_eq!(wrong.any().int64_value(&[]), 0, "{activation:?}, {tier}");
            assert_eq!(y.isnan().sum(Kind::Int64).int64_value(&[]), 1, "{activation:?}, {tier}");
            // A pool would come ahead of it, which is not the same for each of them.
            let half = channels_last(&Tensor::zeros([4, 8, 4, 8], (Kind::Float, Device::Cpu)));
            let after = FusedOps { pool: true, ..after };
            let images = FromTo { from: &x, to: &half };
            let refused = kernels.normalise(images, &moments, after, None).is_err();
            assert_eq!(refused, after.beyond_relu(), "{activation:?}");
        }
    }
}

#[test]
fn pools_are_those_of_libtorch() {
    for (tier, kernels) in by_tier("kernels::pools_are_those_of_libtorch") {
        for (sizes, kind) in [
            ([3, 5, 8, 6], Kind::Float),
            ([2, 33, 7, 5], Kind::BFloat16),
            ([40, 16, 2, 3], Kind::BFloat16),
            // More than caches hold.
            ([9, 64, 181, 163], Kind::Float),
        ] {
            let [n, c, h, w] = sizes;
            // Few different numbers, so that windows have equal maxima.
            let x = channels_last(&(random(&sizes) * 2.0).round().to_kind(kind));
            let _ = x.get(0).get(1).get(0).get(1).fill_(f64::NAN);
            let x = x.set_requires_grad(true);
            let expected = x.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false);
            let dy = random(&[n, c, h / 2, w / 2]).to_kind(kind);
            let dx = Tensor::run_backward(&[(&expected * &dy).sum(kind)], &[&x], false, false);
            let (y, found) = (empty([n, c, h / 2, w / 2], kind), empty(sizes, kind));
            let x = x.detach();
            kernels.max_pool(FromTo { from: &x, to: &y }, None).unwrap();
            kernels.max_pool_backward(&x, &dy, &found).unwrap();
            let same = |a: &Tensor, b: &Tensor| {
                let difference =
                    a.detach().nan_to_num(1e9, None, None) - b.detach().nan_to_num(1e9, None, None);
                difference.abs().max().double_value(&[])
            };
            assert!(y.isnan().any().int64_value(&[]) == 1, "{tier}");
            assert_eq!(same(&y, &expected), 0.0, "{tier} {sizes:?}: output");
            // What is no number takes no gradient here; the loss is none then.
            let _ = found.get(0).get(1).fill_(0.0);
            let _ = dx[0].get(0).get(1).fill_(0.0);
            assert_eq!(same(&found, &dx[0]), 0.0, "{tier} {sizes:?}: gradient");
        }
    }
}

#[test]
fn a_pool_that_sums_its_output_gives_the_moments_of_it() {
    for (tier, kernels) in by_tier("kernels::a_pool_that_sums_its_output_gives_the_moments_of_it") {
        let kinds = [Kind::Float, Kind::BFloat16];
        for ([n, c, h, w], kind) in [[3, 5, 8, 6], [40, 33, 7, 5], [9, 64, 181, 163]]
            .into_iter()
            .flat_map(|sizes| kinds.map(|kind| (sizes, kind)))
        {
            let x = channels_last(&(random(&[n, c, h, w]) + 3.0).to_kind(kind));
            let [y, plain] = [(); 2].map(|()| empty([n, c, h / 2, w / 2], kind));
            let mut workspace = Workspace::default();
            kernels.max_pool(FromTo { from: &x, to: &y }, Some(&mut workspace)).unwrap();
            kernels.max_pool(FromTo { from: &x, to: &plain }, None).unwrap();
            assert!(y.equal(&plain));
            // With a momentum of 1 they become the statistics.
            let owned = [(); 4].map(|()| Tensor::ones([c], (Kind::Float, Device::Cpu)));
            kernels.summed_moments(&mut workspace, owned.each_ref(), 1.0, 1e-5).unwrap();
            let [_, _, mean, var] = owned;
            let exact = y.to_kind(Kind::Double).permute([1, 0, 2, 3]).flatten(1, 3);
            let far = (mean / exact.mean_dim(&[1i64][..], false, Kind::Double) - 1.0).abs().max();
            assert!(far.double_value(&[]) < 1e-6, "{n} {c} {kind:?} with {tier}: mean {far}");
            let far = (var / exact.var_dim(&[1i64][..], true, false) - 1.0).abs().max();
            assert!(far.double_value(&[]) < 1e-4, "{n} {c} {kind:?} with {tier}: variance {far}");
        }
    }
}

#[test]
fn what_is_no_number_stays_so() {
    let Some(kernels) = first("what_is_no_number_stays_so") else { return };
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
    let mut workspace = Workspace::default();
    kernels
        .pack(
            &weight,
            packing(Winograd::F2, Direction::Forward, Kind::Float),
            &mut packed,
            &mut workspace,
        )
        .unwrap();
    let finish = Epilogue { after, ..Epilogue::default() };
    kernels
        .convolve(
            FromTo { from: &x, to: &y },
            Direction::Forward,
            &mut packed,
            finish,
            &mut workspace,
        )
        .unwrap();
    assert_eq!(y.isnan().sum(Kind::Int64).int64_value(&[]), 64);
}

#[test]
fn descent_is_that_of_fp64() {
    let tiers = by_tier("kernels::descent_is_that_of_fp64");
    for (kernels, nesterov) in tiers.iter().flat_map(|(_, k)| [(*k, false), (*k, true)]) {
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
