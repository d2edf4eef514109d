use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Index;

/// Where the index may lie, the best place first.
pub(super) fn places(folder: &Path) -> Vec<PathBuf> {
    let mut places = Vec::new();
    if !is_on_network(folder) {
        places.push(folder.join(Index::FILE));
    }
    if let (Ok(whole), Ok(base)) = (folder.canonicalize(), etcetera::choose_base_strategy()) {
        let name: String = Sha256::digest(whole.as_os_str().as_encoded_bytes())
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let cache = etcetera::BaseStrategy::cache_dir(&base).join("netc/index");
        if fs::create_dir_all(&cache).is_ok() {
            places.push(cache.join(format!("{name}.sqlite")));
        }
    }
    places
}

/// Whether a folder lies on a file system of another machine, by the numbers that Linux gives these.
#[cfg(target_os = "linux")]
fn is_on_network(folder: &Path) -> bool {
    // NFS, SMB (three), AFS, Coda, 9P, Ceph, Lustre, GPFS, BeeGFS, OCFS2, GFS2, and FUSE, which sshfs is.
    const NETWORK: [u64; 14] = [
        0x6969,
        0x517B,
        0xFF53_4D42,
        0xFE53_4D42,
        0x5346_414F,
        0x7375_7245,
        0x0102_1997,
        0x00C3_6400,
        0x0BD0_0BD0,
        0x4750_4653,
        0x1983_0326,
        0x7461_636F,
        0x0116_1970,
        0x6573_5546,
    ];
    // The kernel's word is signed on some machines: the lower half is what it says.
    rustix::fs::statfs(folder).is_ok_and(|fs| NETWORK.contains(&(fs.f_type as u64 & 0xFFFF_FFFF)))
}

#[cfg(not(target_os = "linux"))]
fn is_on_network(_: &Path) -> bool {
    false
}
