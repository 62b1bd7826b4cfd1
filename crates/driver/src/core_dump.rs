//! Keeps secrets out of core dumps.

/// Forbids the kernel to write this process's memory to a file when it crashes.
///
/// The soft limit alone is lowered, so that a child may raise it again for itself.
///
/// ```
/// # #[cfg(unix)] {
/// use evergrant_driver::core_dump::forbid_core_dumps;
/// use rustix::process::{Resource, getrlimit};
///
/// // At the very beginning of a program that will hold tokens.
/// forbid_core_dumps();
/// assert_eq!(getrlimit(Resource::Core).current, Some(0));
/// # }
/// ```
pub fn forbid_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = Rlimit {
            current: Some(0),
            maximum: getrlimit(Resource::Core).maximum,
        };
        // Lowering one's own limit is always allowed; were it not, nothing could be done about it.
        let _ = setrlimit(Resource::Core, limit);
    }
}
