//! Holds client keys to budgets that all gateways of a home share.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;

use crate::kernel::Kernel;

/// Tells the door every second what other processes have used of the keys' budgets, for as long as the driver is open.
pub(crate) async fn hold_to_budgets(kernel: Weak<Kernel>) {
    let mut failing = false;
    loop {
        let Some(kernel) = kernel.upgrade() else { return };
        if kernel.door().has_budgets() {
            let told = kernel.apart(|kernel| kernel.books().tell_others(kernel.door())).await;
            if let Err(failure) = &told
                && !failing
            {
                warn!(%failure, "what others have used cannot be read; budgets are held to by what is used here");
            }
            failing = told.is_err();
        }
        drop(kernel);
        sleep(LOOK_EVERY).await;
    }
}

/// 1 s: others write what they use several times in it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
