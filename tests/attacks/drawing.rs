//! The program that draws hostile files, as it is shipped: both walls stand before it has read a byte, and it still draws. What the
//! walls let through is tested where they are built (`confined.rs`).

use std::{
    fs,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    time::Duration,
};

use handslag_server::{confined::child::PIECES, demo::MINUTES};

use crate::kommun::{Kommun, binary};

fn drawer(page: &str) -> Child {
    let mut command = Command::new(binary());
    command.args(["render-page", page]).env_clear().env(PIECES.0, PIECES.1);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// What the kernel says of the child, once it waits for its file.
async fn status_of(child: &Child) -> String {
    let mut status = String::new();
    for _ in 0..200 {
        status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        if status.contains("Seccomp:\t2") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    status
}

pub(crate) async fn the_child_that_draws_is_confined_before_it_reads(_: &Kommun) {
    let mut child = drawer("1");
    let status = status_of(&child).await;
    assert!(status.contains("Seccomp:\t2") && status.contains("NoNewPrivs:\t1") && status.contains("Threads:\t1"), "{status}");
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap().trim().trim_end_matches(" kB").parse::<u64>().unwrap();
    assert!(size < 384 * 1024, "half of what it may have is left for the file: {size} KiB");
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let none = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(none.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["0", "0"], "{limits}");

    child.stdin.take().unwrap().write_all(MINUTES).unwrap();
    let mut picture = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut picture).unwrap();
    assert!(child.wait().unwrap().success() && picture.starts_with(b"\x89PNG"), "{} bytes", picture.len());
}
