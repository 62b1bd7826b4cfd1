//! One address that is listened on, TCP or unix socket, by us or by a service manager.

use std::io;

use evergrant_driver::settings::Listen;
use evergrant_driver::{Code, Failure, Protection, Remedy, stands};
use tokio::net::{TcpListener, TcpStream};

use super::inherited::Inherited;

/// An address that is listened on.
#[derive(Debug)]
pub(in crate::gateway) struct Listener {
    socket: Socket,
    address: Listen,
    inherited: bool,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

/// A connection that has come in and belongs to no runtime yet.
#[derive(Debug)]
pub(in crate::gateway) enum Arrived {
    /// By TCP.
    Tcp(std::net::TcpStream),
    /// By a unix socket.
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Arrived {
    /// Its bytes, read by the runtime in which this is called.
    pub(in crate::gateway) fn enter(self) -> io::Result<Stream> {
        match self {
            Self::Tcp(stream) => TcpStream::from_std(stream).map(Stream::Tcp),
            #[cfg(unix)]
            Self::Unix(stream) => tokio::net::UnixStream::from_std(stream).map(Stream::Unix),
        }
    }
}

/// A connection.
#[derive(Debug)]
pub(in crate::gateway) enum Stream {
    /// By TCP.
    Tcp(TcpStream),
    /// By a unix socket.
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Listener {
    /// Listens.
    pub(in crate::gateway) async fn bind(address: &Listen) -> Result<Self, Failure> {
        let failed = |error| refused(address, &error);
        match address {
            Listen::Tcp(socket) => {
                let listener = TcpListener::bind(socket).await.map_err(failed)?;
                let bound = listener.local_addr().map_err(failed)?;
                Ok(Self {
                    socket: Socket::Tcp(listener),
                    address: Listen::Tcp(bound),
                    inherited: false,
                })
            }
            #[cfg(unix)]
            Listen::Unix(path) => {
                evergrant_driver::abandoned_socket::remove(path);
                let listener = tokio::net::UnixListener::bind(path).map_err(failed)?;
                evergrant_driver::abandoned_socket::keep_private(path)?;
                Ok(Self {
                    socket: Socket::Unix(listener),
                    address: address.clone(),
                    inherited: false,
                })
            }
            #[cfg(not(unix))]
            Listen::Unix(_) => Err(Failure::new(Code::Usage, "unix sockets are not served on this system")),
        }
    }

    /// Goes on listening where a service manager does; needs a runtime.
    pub(in crate::gateway) fn inherit(socket: Inherited) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::new(
                Code::Usage,
                format!("a socket of the service manager's cannot be listened on: {error}"),
            )
        };
        let (socket, address) = match socket {
            Inherited::Tcp(listener) => {
                listener.set_nonblocking(true).map_err(failed)?;
                let address = Listen::Tcp(listener.local_addr().map_err(failed)?);
                (Socket::Tcp(TcpListener::from_std(listener).map_err(failed)?), address)
            }
            #[cfg(unix)]
            Inherited::Unix(listener) => {
                listener.set_nonblocking(true).map_err(failed)?;
                let path = listener.local_addr().map_err(failed)?;
                let path = path.as_pathname().map(std::path::Path::to_owned).unwrap_or_default();
                let listener = tokio::net::UnixListener::from_std(listener).map_err(failed)?;
                (Socket::Unix(listener), Listen::Unix(path))
            }
        };
        Ok(Self {
            socket,
            address,
            inherited: true,
        })
    }

    /// The address as it became: with the port that was found.
    pub(in crate::gateway) const fn address(&self) -> &Listen {
        &self.address
    }

    /// Whether somebody else listens there as well, so that nothing is lost when we stop to.
    pub(in crate::gateway) const fn is_inherited(&self) -> bool {
        self.inherited
    }

    /// Whether no web page can reach it.
    pub(in crate::gateway) const fn is_unix(&self) -> bool {
        match self.socket {
            Socket::Tcp(_) => false,
            #[cfg(unix)]
            Socket::Unix(_) => true,
        }
    }

    /// The next connection.
    pub(in crate::gateway) async fn accept(&self) -> io::Result<Arrived> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Small events should leave at once; a socket that refuses the option still works.
                let _ = stream.set_nodelay(stands(Protection::NoDelay));
                stream.into_std().map(Arrived::Tcp)
            }
            #[cfg(unix)]
            Socket::Unix(listener) => listener.accept().await?.0.into_std().map(Arrived::Unix),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Listen::Unix(path) = &self.address
            && !self.inherited
        {
            // What is left behind is removed when the next one listens there.
            let _ = std::fs::remove_file(path);
        }
    }
}
fn refused(address: &Listen, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::AddrInUse {
        return Failure::new(Code::AddressInUse, format!("`{address}` is taken by another process")).with_remedy(
            Remedy::Run {
                command: "evergrant serve --listen 127.0.0.1:0".to_owned(),
                why: "end the other process, or listen on another port; 0 is any free one".to_owned(),
            },
        );
    }
    Failure::new(Code::Usage, format!("`{address}` cannot be listened on: {error}")).with_remedy(Remedy::ChangeRequest)
}
