//! How a gateway proves that the store of its home is its own: whoever knows its name, or has taken its port, cannot.

use evergrant_engine::secret::Secret;

use crate::driver::Driver;

impl Driver {
    /// What the gateway of this name answers to a challenge: the same in every process that has opened this home's store, and to
    /// be had nowhere else. A challenge is used once, and what is fingerprinted here is never a token nor a client key.
    #[doc(hidden)]
    pub fn proof(&self, instance: &str, challenge: &str) -> String {
        let said = Secret::from(format!("gateway {instance} {challenge}"));
        hex::encode(self.kernel.store().fingerprint_key().fingerprint(&said).as_bytes())
    }
}
