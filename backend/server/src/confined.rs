//! What the child that draws a hostile file gives up before it reads the first byte (I8): memory, time, and every request to the
//! system but the few that drawing needs. Two walls, each enough against files and sockets: a limit that lets it hold no handle
//! beyond the three it was born with, and a filter under which any other request ends the process at once.

pub mod child;

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Seconds of processor, and of patience.
const SECONDS: u64 = 10;
const MEMORY: u64 = 768 * 1024 * 1024;

/// Confines this process for the rest of its life. It must have one thread only: the filter is the calling thread's.
fn confined() -> io::Result<()> {
    let only = |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    only(Resource::Cpu, SECONDS)?;
    only(Resource::As, MEMORY)?;
    only(Resource::Fsize, 0)?;
    only(Resource::Nproc, 0)?;
    // What is open stays open; nothing can ever be opened again, also not in the place of what was closed: no file, no socket.
    only(Resource::Nofile, 0)?;
    filter::set()
}

#[cfg(target_os = "linux")]
mod filter {
    use std::{collections::BTreeMap, io};

    use seccompiler::{
        BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, apply_filter,
    };

    /// `prctl(2)`: names a piece of memory, and nothing else.
    const PR_SET_VMA: u64 = 0x5356_4d41;

    /// Needed with any argument: memory, locks, chance for hash tables, the clock, and the end.
    const FREE: [i64; 19] = [
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_close,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_futex,
        libc::SYS_getcpu,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_restart_syscall,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_yield,
        libc::SYS_sigaltstack,
    ];

    /// Sets the filter, and with it that no program started from here could gain rights.
    pub(super) fn set() -> io::Result<()> {
        let program = program().map_err(io::Error::other)?;
        apply_filter(&program).map_err(io::Error::other)
    }

    fn program() -> Result<BpfProgram, BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = FREE.into_iter().map(|call| (call, Vec::new())).collect();
        rules.insert(libc::SYS_read, vec![handle(0)?]);
        rules.insert(libc::SYS_write, vec![handle(1)?, handle(2)?]);
        rules.insert(libc::SYS_writev, vec![handle(1)?, handle(2)?]);
        rules.insert(libc::SYS_mmap, vec![not_executable()?]);
        rules.insert(libc::SYS_mprotect, vec![not_executable()?]);
        // The allocator gives its memory a name.
        rules.insert(libc::SYS_prctl, vec![handle(PR_SET_VMA)?]);
        let here = std::env::consts::ARCH.try_into()?;
        SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, here)?.try_into()
    }

    /// The first argument is this handle, or this option.
    fn handle(number: u64) -> Result<SeccompRule, BackendError> {
        SeccompRule::new(vec![SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, number)?])
    }

    /// The third argument, the protection, does not make memory executable: no code comes in with a file.
    fn not_executable() -> Result<SeccompRule, BackendError> {
        const EXECUTABLE: u64 = 4;
        SeccompRule::new(vec![SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(EXECUTABLE), 0)?])
    }
}

/// Elsewhere there is no such filter: hostile files are not drawn at all.
#[cfg(not(target_os = "linux"))]
mod filter {
    pub(super) fn set() -> std::io::Result<()> {
        Err(std::io::Error::other("pages are drawn on Linux only"))
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::{
        collections::HashMap,
        fs::{self, File},
        io::Write,
        net::{TcpStream, UdpSocket},
        os::unix::{net::UnixStream, process::ExitStatusExt},
        process::{Command, ExitStatus},
        time::Instant,
    };

    use super::filter;

    /// Says to [`child`] what to try. Only this test program knows it; the program that is shipped has no such way in.
    const TRIES: &str = "HANDSLAG_TEST_TRIES";

    fn tried(what: &str) -> ExitStatus {
        let tests = std::env::current_exe().unwrap();
        let child = ["--exact", "confined::tests::child", "--ignored", "--nocapture", "--test-threads=1"];
        Command::new(tests).args(child).env(TRIES, what).output().unwrap().status
    }

    #[test]
    fn what_drawing_needs_works() {
        assert_eq!(tried("drawing").code(), Some(7));
    }

    #[test]
    fn anything_else_ends_the_child() {
        for what in ["file", "write", "remove", "list", "udp", "tcp", "unix", "program", "thread", "limits", "signal"] {
            let status = tried(what);
            assert_eq!(status.signal(), Some(libc::SIGSYS), "{what}: {status}");
        }
    }

    #[test]
    #[ignore = "the child of the tests above"]
    fn child() {
        let Ok(what) = std::env::var(TRIES) else { return };
        filter::set().unwrap();
        match what.as_str() {
            "drawing" => draw(),
            "file" => drop(File::open("/etc/hostname")),
            "write" => drop(File::create("/dev/null")),
            "remove" => drop(fs::remove_file("/nothing/here")),
            "list" => drop(fs::read_dir("/")),
            "udp" => drop(UdpSocket::bind("127.0.0.1:0")),
            "tcp" => drop(TcpStream::connect("127.0.0.1:1")),
            "unix" => drop(UnixStream::connect("/nothing")),
            "program" => drop(Command::new("/bin/true").status()),
            "thread" => drop(std::thread::Builder::new().spawn(|| {})),
            "limits" => drop(super::setrlimit(super::Resource::Nofile, super::Rlimit { current: Some(64), maximum: Some(64) })),
            "signal" => drop(rustix::process::test_kill_process(rustix::process::getpid())),
            other => panic!("{other}"),
        }
        std::process::exit(8); // still alive
    }

    fn draw() {
        let begun = Instant::now();
        let table: HashMap<usize, Vec<u8>> = (0..64).map(|number| (number, vec![1; number * 10_000])).collect();
        let sum: usize = table.values().map(Vec::len).sum();
        assert!(sum > 1_000_000 && begun.elapsed().as_secs() < 60);
        std::io::stdout().lock().write_all(b"picture").unwrap();
        std::process::exit(7);
    }
}
