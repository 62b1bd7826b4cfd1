//! Serving as a process of its own: from the first address that listens to the last request that is drained.

use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::{Certificate, Driver, Failure, open_files};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::{info, warn};

use super::service_manager::ServiceManager;
use super::serving::{ServeOptions, Serving};
use super::told::{Outside, Told};

/// Serves until the process is told to end, then lets what is under way finish. `on_listening` is called with each
/// address, as a client would write it, once it can be connected to.
///
/// # Errors
/// An address that cannot be listened on, or that others than this machine could reach, a certificate that cannot be used.
pub(crate) async fn serve(driver: Driver, options: ServeOptions, on_listening: impl Fn(&str)) -> Result<(), Failure> {
    let mut outside = Outside::new()?;
    open_files::allow_many();
    let (manager, drain) = (options.manager.clone(), options.serve.drain);
    let mut serving = Serving::start(driver.clone(), options).await?;
    driver.stay();
    // A gateway that cannot be found by `exec` serves all the same.
    let announcement = driver
        .announce(&serving.says())
        .map_err(|failure| warn!(%failure, "the gateway's address could not be written down"))
        .ok();
    for address in serving.addresses() {
        on_listening(address);
    }
    manager.ready();
    loop {
        tokio::select! {
            told = outside.next() => match told {
                Told::End => break,
                Told::Reload => reload(&driver, serving.certificate(), &manager).await,
            },
            () = follow(serving.certificate()) => {}
            () = manager.keep_alive() => {}
        }
    }
    manager.stopping();
    serving.close().await;
    drop(announcement);
    tokio::select! {
        () = serving.drain(drain) => {}
        () = outside.end() => warn!("told to end a second time: not waiting any longer"),
        () = manager.keep_alive() => {}
    }
    Ok(())
}

/// Reads all files again; with a mistake in them what was read before goes on serving.
async fn reload(driver: &Driver, certificate: Option<&Arc<Certificate>>, manager: &ServiceManager) {
    manager.reloading();
    match driver.reload().await {
        Ok(files) => info!(changed = files.len(), "told to read the files again"),
        Err(failure) => warn!("{failure}; nothing of the change holds, what was read before goes on serving"),
    }
    if let Some(certificate) = certificate.map(Arc::clone)
        && let Ok(read) = spawn_blocking(move || certificate.reload()).await
    {
        tell(read);
    }
    manager.ready();
}

/// Looks at the certificate's files for as long as it is waited for.
async fn follow(certificate: Option<&Arc<Certificate>>) {
    let Some(certificate) = certificate else {
        return std::future::pending().await;
    };
    loop {
        sleep(LOOK_EVERY).await;
        let certificate = Arc::clone(certificate);
        if let Ok(Some(read)) = spawn_blocking(move || certificate.look()).await {
            tell(read);
        }
    }
}

fn tell(read: Result<bool, Failure>) {
    match read {
        Ok(true) => info!("another certificate is shown from now on"),
        Ok(false) => {}
        Err(failure) => warn!("{failure}; the certificate that was read before is still shown"),
    }
}

/// 1 s: certificates are renewed in days, and a look reads two small files.
const LOOK_EVERY: Duration = Duration::from_secs(1);
