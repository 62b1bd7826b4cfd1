//! Files that others write too, the user among them: read as a whole up to a limit, and never waited for.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use zeroize::Zeroizing;

/// Reads a file of at most `limit` bytes. What is no ordinary file is refused before it is read: a named pipe would keep
/// its reader waiting, and a device has no end.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    ordinary(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    let file = patiently(&mut options).open(path)?;
    // What was opened is judged again: the name may lead elsewhere by now.
    let found = file.metadata()?;
    ordinary(&found)?;
    if found.len() > limit {
        return Err(too_long(limit));
    }
    whole(file, found.len(), limit)
}

/// The same as text.
pub(crate) fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let bytes = read(path, limit)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        io::Error::new(ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
}

/// Refuses what is no ordinary file.
pub(crate) fn ordinary(found: &fs::Metadata) -> io::Result<()> {
    if found.is_file() {
        return Ok(());
    }
    let kind = if found.is_dir() {
        "a directory"
    } else {
        "a pipe, a socket or a device"
    };
    Err(io::Error::new(
        ErrorKind::InvalidInput,
        format!("it is {kind}, and no ordinary file"),
    ))
}

fn whole(file: File, length: u64, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    // As long as the file at once, so that no copies of a secret are left behind in a growing buffer.
    let room = usize::try_from(length).unwrap_or(0).saturating_add(1);
    let mut contents = Zeroizing::new(Vec::with_capacity(room));
    file.take(limit.saturating_add(1)).read_to_end(&mut contents)?;
    if contents.len() as u64 > limit {
        return Err(too_long(limit));
    }
    Ok(contents)
}

fn too_long(limit: u64) -> io::Error {
    let message = format!("it is longer than {} KiB", limit.div_ceil(1024));
    io::Error::new(ErrorKind::FileTooLarge, message)
}

#[cfg(unix)]
fn patiently(options: &mut OpenOptions) -> &mut OpenOptions {
    // Should a pipe have taken the file's place since it was looked at, opening it does not wait for a writer.
    let flag = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flag)
}

#[cfg(not(unix))]
fn patiently(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "four").unwrap();
        assert_eq!(read(&path, 4).unwrap().as_slice(), b"four");
        assert_eq!(read(&path, 3).unwrap_err().kind(), ErrorKind::FileTooLarge);
        fs::write(&path, b"\xef\xbb\xbfa\n\xff").unwrap();
        assert!(read_text(&path, 10).unwrap_err().to_string().contains("line 2"));
        assert_eq!(
            read(&path.with_file_name("none"), 4).unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }

    #[test]
    fn a_directory_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let refused = read(directory.path(), 4).unwrap_err();
        assert_eq!(refused.to_string(), "it is a directory, and no ordinary file");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_and_an_endless_device_are_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero")] {
            assert_eq!(read(path, 4).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }
}
