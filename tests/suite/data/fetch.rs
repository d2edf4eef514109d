use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use md5::{Digest, Md5};
use netc::run::data::cifar::{CIFAR10, Source};
use netc::run::data::download::{Remote, fetch};
use netc::run::data::{DataError, Progress};

use super::cifar::{all_names, sound_archive};

/// How the server in this process behaves.
#[derive(Clone, Copy)]
struct Server {
    /// Whether it answers a range with that range.
    ranges: bool,
    /// After how many bytes of a body it hangs up, if it does.
    cut: Option<usize>,
    status: &'static str,
}

const GOOD: Server = Server { ranges: true, cut: None, status: "200 OK" };

impl Server {
    /// Serves `content` on a port of the loopback interface; counts the requests.
    fn start(self, content: Vec<u8>) -> (&'static str, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
                // A client that hangs up early is no failure of the server.
                let _ = self.answer(stream.unwrap(), &content);
            }
        });
        (url.leak(), requests)
    }

    fn answer(self, mut stream: TcpStream, content: &[u8]) -> std::io::Result<()> {
        let mut start = 0;
        for line in BufReader::new(stream.try_clone()?).lines() {
            let line = line?.to_ascii_lowercase();
            if let Some(range) = line.strip_prefix("range: bytes=").filter(|_| self.ranges) {
                start = range.trim_end_matches('-').parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let body = &content[start..];
        let (status, range) = if start > 0 {
            let last = content.len() - 1;
            let range = format!("Content-Range: bytes {start}-{last}/{}\r\n", content.len());
            ("206 Partial Content", range)
        } else {
            (self.status, String::new())
        };
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{range}\r\n",
            body.len()
        )?;
        stream.write_all(&body[..self.cut.unwrap_or(body.len()).min(body.len())])?;
        stream.shutdown(Shutdown::Both)
    }
}

fn content() -> Vec<u8> {
    (0..700_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn md5(content: &[u8]) -> &'static str {
    let digest = Md5::digest(content);
    let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    text.leak()
}

fn remote(url: &'static str, content: &[u8]) -> Remote {
    Remote { url, bytes: content.len() as u64, md5: md5(content) }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_download_reports_its_progress_and_leaves_only_the_file() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let (url, requests) = GOOD.start(content.clone());
    let target = folder.path().join("file");
    let mut seen = Vec::new();
    fetch(&remote(url, &content), &target, &mut |p| seen.push(p)).unwrap();
    assert_eq!(fs::read(&target).unwrap(), content);
    assert_eq!(names(folder.path()), ["file"]);
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    let total = content.len() as u64;
    let end = [Progress::Downloading { done: total, total }, Progress::Verifying];
    assert!(seen.ends_with(&end), "{seen:?}");
}

#[test]
fn an_interrupted_download_goes_on_where_it_ended() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let server = Server { cut: Some(300_000), ..GOOD };
    let (url, requests) = server.start(content.clone());
    let target = folder.path().join("file");
    fetch(&remote(url, &content), &target, &mut |_| {}).unwrap();
    assert_eq!(fs::read(&target).unwrap(), content);
    assert_eq!(requests.load(Ordering::SeqCst), 3);
}

#[test]
fn what_an_earlier_run_left_is_kept() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let target = folder.path().join("file");
    fs::write(folder.path().join("file.part"), &content[..650_000]).unwrap();
    let (url, _) = GOOD.start(content.clone());
    let mut first = None;
    fetch(&remote(url, &content), &target, &mut |p| {
        first.get_or_insert(p);
    })
    .unwrap();
    let total = content.len() as u64;
    assert_eq!(first, Some(Progress::Downloading { done: 650_000, total }));
    assert_eq!(fs::read(&target).unwrap(), content);
}

#[test]
fn a_server_without_ranges_is_read_from_the_start() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let target = folder.path().join("file");
    fs::write(folder.path().join("file.part"), vec![1; 650_000]).unwrap();
    let server = Server { ranges: false, ..GOOD };
    let (url, _) = server.start(content.clone());
    fetch(&remote(url, &content), &target, &mut |_| {}).unwrap();
    assert_eq!(fs::read(&target).unwrap(), content);
}

#[test]
fn a_server_that_never_gets_further_is_given_up() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let server = Server { ranges: false, cut: Some(300_000), ..GOOD };
    let (url, requests) = server.start(content.clone());
    let target = folder.path().join("file");
    let error = fetch(&remote(url, &content), &target, &mut |_| {}).unwrap_err();
    assert!(matches!(error, DataError::Download { .. }), "{error}");
    assert_eq!(requests.load(Ordering::SeqCst), 3);
    assert_eq!(names(folder.path()), ["file.part"]);
}

#[test]
fn another_content_is_refused_and_removed() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let mut other = content.clone();
    other[123] ^= 1;
    let (url, _) = GOOD.start(other);
    let target = folder.path().join("file");
    let error = fetch(&remote(url, &content), &target, &mut |_| {}).unwrap_err();
    assert!(matches!(error, DataError::Checksum { .. }), "{error}");
    assert!(names(folder.path()).is_empty());

    let (url, _) = GOOD.start([content.clone(), content.clone()].concat());
    let error = fetch(&remote(url, &content), &target, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("larger than 700000 bytes"), "{error}");
}

#[test]
fn no_network_says_in_two_lines_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{closed}/file").leak();
    let error = fetch(&remote(url, b"x"), &folder.path().join("file"), &mut |_| {}).unwrap_err();
    let text = error.to_string().replace(&folder.path().display().to_string(), "DIR");
    let (first, second) = text.split_once('\n').unwrap();
    assert!(first.starts_with(&format!("cannot download {url}: ")), "{first}");
    assert_eq!(
        second,
        "put that file into DIR and run this again, or train on generated images with --data synthetic"
    );

    let (url, _) = Server { status: "404 Not Found", ..GOOD }.start(vec![1]);
    let error = fetch(&remote(url, b"x"), &folder.path().join("file"), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("the server answered 404 Not Found"), "{error}");
}

#[test]
fn several_at_once_download_once_and_unpack_whole() {
    let folder = tempfile::tempdir().unwrap();
    let archive = sound_archive(all_names(), &[]);
    let (url, requests) = GOOD.start(archive.clone());
    let remote = remote(url, &archive);
    let cache = folder.path().join("cache");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let source = CIFAR10.provide(&remote, &cache, &mut |_| {}).unwrap();
                assert!(matches!(source, Source::Folder(_)));
            });
        }
    });
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    assert_eq!(names(&cache), ["cifar-10-batches-bin", "lock"]);
    assert_eq!(names(&cache.join("cifar-10-batches-bin")), all_names());
}
