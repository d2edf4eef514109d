//! What several GPUs need and a machine without one can try: which gradients are summed together
//! and when, who takes which GPU, and NCCL.

use netc_torch::run::dist::{Buckets, NcclLibrary, apart, gpu_of};

const MIB: usize = 1 << 20;

/// The buckets that each gradient of a pass completes.
fn completed(buckets: &mut Buckets, order: &[usize]) -> Vec<Vec<usize>> {
    order.iter().map(|&gradient| buckets.note(gradient).collect()).collect()
}

#[test]
fn a_bucket_holds_25_mib_and_the_last_gradients_come_first() {
    // In fp32: 16, 8, 12, 4 and 8 MiB.
    let buckets = Buckets::new(&[4 * MIB, 2 * MIB, 3 * MIB, MIB, 2 * MIB], 4);
    let places: Vec<[usize; 2]> = buckets.places().iter().map(|p| [p.bucket, p.first]).collect();
    assert_eq!(places, [[1, 2 * MIB], [1, 0], [0, 3 * MIB], [0, 2 * MIB], [0, 0]]);
    assert_eq!(buckets.lengths(), [6 * MIB, 6 * MIB]);
    // In fp64 they are twice as large, and one of them is larger than a bucket.
    let buckets = Buckets::new(&[4 * MIB, 2 * MIB, 3 * MIB, MIB, 2 * MIB], 8);
    assert_eq!(buckets.lengths(), [3 * MIB, 3 * MIB, 2 * MIB, 4 * MIB]);
    assert_eq!(Buckets::new(&[], 4).lengths(), [0usize; 0]);
}

#[test]
fn gradients_begin_at_multiples_of_64_bytes_and_do_not_overlap() {
    let elements: Vec<usize> = (0..100).map(|i| i * i * 7 % 1000 * 131).collect();
    for bytes in [2, 4, 8] {
        let buckets = Buckets::new(&elements, bytes);
        let mut spans: Vec<[usize; 3]> = buckets
            .places()
            .iter()
            .zip(&elements)
            .map(|(place, elements)| [place.bucket, place.first, place.first + elements])
            .collect();
        spans.sort_unstable();
        for pair in spans.windows(2) {
            assert!(pair[0][0] < pair[1][0] || pair[0][2] <= pair[1][1], "{pair:?}");
        }
        for [bucket, first, end] in spans {
            assert_eq!(first * bytes % 64, 0);
            assert!(end <= buckets.lengths()[bucket]);
        }
    }
}

#[test]
fn a_bucket_is_summed_when_it_is_complete_and_not_before_the_ones_before_it() {
    let sizes = [3 * MIB, 3 * MIB, 3 * MIB, 3 * MIB, 7 * MIB];
    let mut buckets = Buckets::new(&sizes, 4);
    for _ in 0..2 {
        // One alone, then two and two: as a backward pass goes.
        let done = completed(&mut buckets, &[4, 3, 2, 1, 0]);
        assert_eq!(done, [vec![0], vec![], vec![1], vec![], vec![2]]);
        buckets.restart();
        // In another order, and one of them told twice.
        let done = completed(&mut buckets, &[0, 1, 3, 3, 4, 2]);
        assert_eq!(done, [vec![], vec![], vec![], vec![], vec![0], vec![1, 2]]);
        assert!((0..5).all(|gradient| buckets.has(gradient)));
        buckets.restart();
        assert!(!(0..5).any(|gradient| buckets.has(gradient)));
    }
    assert!(buckets.note(5).is_empty(), "there is no such gradient");
}

#[test]
fn each_rank_takes_the_gpu_with_its_local_rank() {
    assert_eq!((0..4).map(|rank| gpu_of(rank, 4)).collect::<Result<_, _>>(), Ok(vec![0, 1, 2, 3]));
    assert_eq!(gpu_of(3, 1), Ok(0), "a launcher may show each rank its own GPU alone");
    let message = gpu_of(2, 2).unwrap_err();
    assert!(message.contains("no GPU for local rank 2: libtorch found 2 CUDA GPUs"), "{message}");
}

#[test]
fn ranks_are_all_on_cpus_or_each_on_a_gpu_of_its_own() {
    let (cpu, a, b) = ([0, 0], [1, -2], [1, 2]);
    assert_eq!(apart(&[cpu, cpu]), Ok(()));
    assert_eq!(apart(&[a, b]), Ok(()));
    let message = apart(&[a, b, cpu]).unwrap_err();
    assert!(message.contains("1 ranks compute on CPUs and 2 on GPUs"), "{message}");
    let message = apart(&[b, a, b]).unwrap_err();
    assert!(message.contains("ranks 0 and 2 would compute on the same GPU"), "{message}");
}

/// Beside a libtorch with CUDA, NCCL opens and makes an id, for which it needs no GPU. Beside one
/// without, the message says what was looked for and what to do.
#[test]
fn nccl_opens_or_says_what_is_missing() {
    match NcclLibrary::open() {
        Ok(nccl) => {
            println!("NCCL {:?}", nccl.version());
            assert!(nccl.version() >= [2, 9, 0], "{:?}", nccl.version());
            let ids = [nccl.unique_id().unwrap(), nccl.unique_id().unwrap()];
            assert_ne!(ids[0], ids[1]);
        }
        Err(message) => {
            println!("{message}");
            assert!(message.contains("looked for libnccl.so.2"), "{message}");
            assert!(message.contains("--device cpu"), "{message}");
        }
    }
}
