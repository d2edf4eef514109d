/// What [`load`](super::load) is doing, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Bytes fetched so far, including those of earlier, interrupted attempts.
    Downloading {
        /// Bytes on disk.
        done: u64,
        /// Bytes of the whole file.
        total: u64,
    },
    /// The checksum of a download is being computed.
    Verifying,
    /// The archive is being unpacked.
    Unpacking,
    /// Files are being read.
    Reading,
    /// Images are being read, each a file of its own.
    Images {
        /// How many were.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// Images are being drawn.
    Generating,
}
