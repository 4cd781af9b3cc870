//! The limit program: `limit MODE MIB` moves MIB over loopback TCP in records of 32 KiB. One thread seals a record in
//! place and writes it, another reads it whole and opens it in place. No protocol can be faster with these primitives.
//!
//! MODE: a cipher's SSH name (aes256-ctr with HMAC-SHA2-256 over the ciphertext), or `tcp` for the copy alone.
//! Prints {"seconds", "cpu", "count"} as the client programs do.

mod record;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Instant;

const RECORD: usize = 32 * 1024;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [mode, mib] = args.as_slice() else {
        eprintln!("usage: limit MODE MIB");
        return ExitCode::from(2);
    };
    let done = mib.parse().map_err(Failure::from).and_then(|mib: u64| measure(mode, mib));
    match done {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("limit: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(mode: &str, mib: u64) -> Result<String, Failure> {
    let mut seal = record::sealer(mode)?;
    let mut open = record::opener(mode)?;
    let records = (mib << 20) / RECORD as u64;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut to = TcpStream::connect(listener.local_addr()?)?;
    let (mut from, _) = listener.accept()?;
    to.set_nodelay(true)?;
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let sender = std::thread::spawn(move || -> Result<(), Failure> {
        let mut buf = vec![0; record::HEAD + RECORD + record::TAG];
        for sequence in 0..records {
            seal(sequence as u32, &mut buf)?;
            to.write_all(&buf)?;
        }
        Ok(())
    });
    let mut buf = vec![0; record::HEAD + RECORD + record::TAG];
    for sequence in 0..records {
        from.read_exact(&mut buf)?;
        open(sequence as u32, &mut buf)?;
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    sender.join().map_err(|_| "the sender panicked")??;
    let count = records * RECORD as u64;
    Ok(format!(r#"{{"seconds": {seconds:.6}, "cpu": {cpu:.6}, "count": {count}}}"#))
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    // SAFETY: all zeros is a valid rusage, and getrusage only writes to it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    [usage.ru_utime, usage.ru_stime].iter().map(|t| t.tv_sec as f64 + t.tv_usec as f64 / 1e6).sum()
}
