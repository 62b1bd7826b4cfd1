//! Whether there is anything that a target names, before work is begun for it.

use evergrant_engine::credential::Material;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::Auth;
use evergrant_engine::remedy::Remedy;

use crate::driver::Driver;
use crate::token::Target;

impl Driver {
    /// Finds out, from memory, whether a provider is known and the credential that is named is here, or any of its own.
    ///
    /// # Errors
    /// `unknown-provider`, `unknown-credential` or `no-credential`.
    ///
    /// ```
    /// use evergrant_driver::{Code, KeySource, Target};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// let target = Target::parse("openai")?;
    /// assert!(driver.aim(&target).is_err_and(|failure| failure.code == Code::NoCredential));
    /// driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
    /// assert!(driver.aim(&target).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn aim(&self, target: &Target) -> Result<(), Failure> {
        let row = self.kernel.row(&target.provider)?;
        if let Some(label) = &target.label {
            return self.find(&format!("{}/{label}", target.provider)).map(|_| ());
        }
        let picture = self.kernel.ledger().picture();
        let mut living = picture
            .records()
            .filter(|record| !matches!(record.material, Material::Gone));
        if living.any(|record| record.provider == target.provider) {
            return Ok(());
        }
        let provider = target.provider.clone();
        let message = format!("there is no credential for `{provider}`");
        let remedy = match &row.auth {
            Auth::OAuth(_) => Remedy::Login { provider, label: None },
            Auth::ApiKey(_) => Remedy::AddKey { provider },
        };
        Err(Failure::new(Code::NoCredential, message).with_remedy(remedy))
    }
}
